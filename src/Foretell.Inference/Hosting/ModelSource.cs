namespace Foretell.Inference;

/// <summary>A model that a <see cref="ModelHost{T}"/> may load.</summary>
/// <param name="Name">What callers call it.</param>
/// <param name="Bytes">The memory that it takes while loaded.</param>
/// <param name="LoadAsync">Loads it, on a thread of the pool; never twice at once.</param>
/// <param name="IsUsable">Looked at whenever the model is asked for, and must be quick: false lets it be unloaded, when nobody holds it, and loaded again. Null (the default) for models that stay good.</param>
public sealed record ModelSource<T>(string Name, long Bytes, Func<CancellationToken, Task<T>> LoadAsync, Func<T, bool>? IsUsable = null)
    where T : class, IAsyncDisposable;

/// <summary>There is no model of this name.</summary>
public sealed class UnknownModelException(string name, IEnumerable<string> known)
    : ArgumentException($"There is no model \"{name}\"; there are: {string.Join(", ", known)}.")
{
    /// <summary>What was asked for.</summary>
    public string Name { get; } = name;
}
