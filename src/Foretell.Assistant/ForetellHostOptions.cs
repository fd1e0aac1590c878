namespace Foretell.Assistant;

/// <summary>Several models within one memory.</summary>
public sealed class ForetellHostOptions
{
    /// <summary>The most bytes of all loaded models together, weights and caches; must be set.</summary>
    public long MemoryBudget { get; set; }

    /// <summary>The models, each with a <see cref="ForetellOptions.ModelId"/> of its own; at least one.</summary>
    public IList<ForetellOptions> Models { get; } = [];

    /// <summary>The model that requests without a name get; null (the default) for the first.</summary>
    public string? DefaultModel { get; set; }
}
