namespace Foretell.Assistant;

/// <summary>Where clients get their model from, at each request.</summary>
internal interface IModelSource : IDisposable
{
    /// <summary>The name of the model that requests without one get.</summary>
    string ModelId { get; }

    /// <summary>The model where it is loaded, or null.</summary>
    ForetellModel? Loaded { get; }

    /// <summary>The model, loaded when it is not yet; the same for all callers.</summary>
    ValueTask<ForetellModel> GetAsync(CancellationToken cancellation);
}

/// <summary>A model that is loaded already.</summary>
/// <param name="owns">Whether the model is disposed with this.</param>
internal sealed class LoadedModelSource(ForetellModel model, bool owns) : IModelSource
{
    public string ModelId => model.Id;

    public ForetellModel Loaded => model;

    public ValueTask<ForetellModel> GetAsync(CancellationToken cancellation) => ValueTask.FromResult(model);

    public void Dispose()
    {
        if (owns)
        {
            model.Dispose();
        }
    }
}

/// <summary>A source that belongs to someone else, such as the container.</summary>
internal sealed class SharedModelSource(IModelSource shared) : IModelSource
{
    public string ModelId => shared.ModelId;

    public ForetellModel? Loaded => shared.Loaded;

    public ValueTask<ForetellModel> GetAsync(CancellationToken cancellation) => shared.GetAsync(cancellation);

    public void Dispose()
    {
        // The owner disposes it.
    }
}
