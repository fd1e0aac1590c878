namespace Foretell.Assistant;

/// <summary>A model that is loaded already.</summary>
/// <param name="owns">Whether the model is disposed with this.</param>
internal sealed class LoadedModelSource(ForetellModel model, bool owns) : IModelSource
{
    public string ModelId => model.Id;

    public ForetellModel Loaded => model;

    public ValueTask<HeldModel> AcquireAsync(string? modelId, CancellationToken cancellation)
    {
        RequireName(modelId, ModelId);
        return ValueTask.FromResult(new HeldModel(model));
    }

    public void Dispose()
    {
        if (owns)
        {
            model.Dispose();
        }
    }

    /// <exception cref="ArgumentException">Another model than the only one was asked for.</exception>
    public static void RequireName(string? asked, string only)
    {
        if (asked is not null && asked != only)
        {
            throw new ArgumentException($"options: ModelId is \"{asked}\", and the only model here is \"{only}\"; leave it out or ask where that model is.");
        }
    }
}
