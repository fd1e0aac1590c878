namespace Foretell.Server.Storage;

/// <summary>A chat completion that its client asked to keep (<c>store: true</c>).</summary>
public sealed record StoredCompletion
{
    /// <summary>From <see cref="Database.Identifiers"/>, since lists are in the order of identifiers.</summary>
    public required string Id { get; init; }

    public required DateTimeOffset Created { get; init; }

    public required string Model { get; init; }

    /// <summary>The answer as it was sent, one JSON object (for a streamed answer, what it adds up to).</summary>
    public required string Completion { get; init; }

    /// <summary>The request's messages, one JSON array.</summary>
    public required string Messages { get; init; }

    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();
}

/// <summary>Kept chat completions.</summary>
public interface ICompletionStore
{
    Task AddAsync(StoredCompletion completion, CancellationToken cancellation);

    /// <returns>Null when there is none, or it was deleted.</returns>
    Task<StoredCompletion?> FindAsync(string id, CancellationToken cancellation);

    /// <param name="model">Null for all.</param>
    /// <param name="metadata">Pairs that each must have; null for all.</param>
    Task<Page<StoredCompletion>> ListAsync(string? model, IReadOnlyDictionary<string, string>? metadata, PageRequest page, CancellationToken cancellation);

    /// <summary>Gives it these pairs instead of those it had.</summary>
    /// <returns>The changed completion; null when there is none.</returns>
    Task<StoredCompletion?> UpdateMetadataAsync(string id, IReadOnlyDictionary<string, string> metadata, CancellationToken cancellation);

    /// <returns>Whether there was one.</returns>
    Task<bool> DeleteAsync(string id, CancellationToken cancellation);
}
