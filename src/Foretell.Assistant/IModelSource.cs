namespace Foretell.Assistant;

/// <summary>Where clients get their model from, at each request.</summary>
internal interface IModelSource : IDisposable
{
    /// <summary>The name of the model that requests without one get.</summary>
    string ModelId { get; }

    /// <summary>That model where it is known to be loaded, or null.</summary>
    ForetellModel? Loaded { get; }

    /// <summary>A model, loaded when it is not yet.</summary>
    /// <param name="modelId">Its name; null for <see cref="ModelId"/>.</param>
    /// <exception cref="ArgumentException">There is no model of that name.</exception>
    ValueTask<HeldModel> AcquireAsync(string? modelId, CancellationToken cancellation);
}

/// <summary>A model that stays loaded until this is disposed.</summary>
internal readonly record struct HeldModel(ForetellModel Model, IDisposable? Lease = null) : IDisposable
{
    public void Dispose() => Lease?.Dispose();
}
