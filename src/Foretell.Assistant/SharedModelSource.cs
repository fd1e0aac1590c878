namespace Foretell.Assistant;

/// <summary>A source that belongs to someone else, such as the container: disposing this leaves it alone.</summary>
internal sealed class SharedModelSource(IModelSource shared) : IModelSource
{
    public string ModelId => shared.ModelId;

    public ForetellModel? Loaded => shared.Loaded;

    public ValueTask<HeldModel> AcquireAsync(string? modelId, CancellationToken cancellation) => shared.AcquireAsync(modelId, cancellation);

    public void Dispose()
    {
    }
}
