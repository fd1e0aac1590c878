namespace Foretell.Inference;

/// <summary>A request that the engine has taken: its tokens as they come, and its result. The updates can be read once; safe to use from many threads.</summary>
public sealed class GenerationStream : IAsyncEnumerable<GenerationUpdate>
{
    private readonly GenerationJob _job;
    private readonly Action _cancel;

    internal GenerationStream(GenerationJob job, Action cancel)
    {
        _job = job;
        _cancel = cancel;
    }

    /// <summary>The whole result, whether the updates are read or not; cancelled or failed when the request is.</summary>
    public Task<GenerationResult> Completion => _job.Completion;

    /// <summary>Gives the request up: its memory is free at the engine's next step. Without effect once it is over.</summary>
    public void Cancel() => _cancel();

    /// <summary>The updates as they come. Leaving the loop early, or cancelling, gives the request up.</summary>
    /// <exception cref="OperationCanceledException">The request was given up.</exception>
    public async IAsyncEnumerator<GenerationUpdate> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        try
        {
            await foreach (GenerationUpdate update in _job.Updates.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return update;
            }
        }
        finally
        {
            _cancel();
        }
    }
}
