namespace Foretell.Inference;

/// <summary>A model that stays loaded until this is disposed.</summary>
public sealed class ModelLease<T> : IDisposable
    where T : class, IAsyncDisposable
{
    private readonly T _model;
    private Action? _release;

    internal ModelLease(T model, Action release)
    {
        _model = model;
        _release = release;
    }

    /// <exception cref="ObjectDisposedException">The lease is over: the model may be gone.</exception>
    public T Model
    {
        get
        {
            ObjectDisposedException.ThrowIf(_release is null, this);
            return _model;
        }
    }

    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}
