namespace Foretell.Server.Catalog;

/// <summary>A model that requests can name.</summary>
/// <param name="Id">Its name in requests and answers.</param>
/// <param name="Path">A Hugging Face folder, a GGUF file or a run's folder.</param>
/// <param name="Created">When it was made, as far as is known.</param>
public sealed record CatalogModel(string Id, string Path, DateTimeOffset Created)
{
    /// <summary>Who it belongs to, as GET /v1/models says. Default "foretell".</summary>
    public string OwnedBy { get; init; } = "foretell";

    /// <summary>
    /// Forgets the model for good, files and records included; called by DELETE /v1/models/{id} when nobody holds the model
    /// any more. Null (the default) for models that cannot be deleted: those named when the server was started.
    /// </summary>
    public Func<CancellationToken, Task>? DeleteAsync { get; init; }
}
