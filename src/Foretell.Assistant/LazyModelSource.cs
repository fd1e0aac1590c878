namespace Foretell.Assistant;

/// <summary>A model that is loaded when it is first asked for, once, whoever asks; an attempt that fails is made again at the next request, and so is one whose engine has failed for good.</summary>
internal sealed class LazyModelSource(ForetellOptions options, TimeProvider clock) : IModelSource, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private Task<ForetellModel>? _loading;
    private bool _disposed;

    public string ModelId { get; } = options.Name;

    public ForetellModel? Loaded => _loading is { IsCompletedSuccessfully: true } done ? done.GetAwaiter().GetResult() : null;

    public async ValueTask<HeldModel> AcquireAsync(string? modelId, CancellationToken cancellation)
    {
        LoadedModelSource.RequireName(modelId, ModelId);
        Task<ForetellModel> loading;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(ForetellModel));
            ForetellModel? failed = Loaded is { Engine.Fault: not null } old ? old : null;
            if (failed is not null || _loading is null or { IsFaulted: true })
            {
                _loading = Task.Run(() =>
                {
                    // Its requests have all been told; what it holds is needed for the new one.
                    failed?.Dispose();
                    return ForetellModel.Load(options, clock);
                }, CancellationToken.None);
            }
            loading = _loading;
        }
        return new HeldModel(await loading.WaitAsync(cancellation).ConfigureAwait(false));
    }

    public void Dispose()
    {
        if (Close() is Task<ForetellModel> loading)
        {
            Settle(loading).GetAwaiter().GetResult()?.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Close() is Task<ForetellModel> loading && await Settle(loading).ConfigureAwait(false) is ForetellModel model)
        {
            await model.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The load that is to be undone; null when there is none.</summary>
    private Task<ForetellModel>? Close()
    {
        lock (_lock)
        {
            (Task<ForetellModel>? loading, _disposed, _loading) = (_loading, true, null);
            return loading;
        }
    }

    /// <summary>What a load came to; null when it failed.</summary>
    private static async Task<ForetellModel?> Settle(Task<ForetellModel> loading)
    {
        await ((Task)loading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return loading.IsCompletedSuccessfully ? loading.GetAwaiter().GetResult() : null;
    }
}
