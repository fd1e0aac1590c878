namespace Foretell.Server.Storage;

/// <summary>A response of the Responses API that is kept, so that it can be read, continued and deleted.</summary>
public sealed record StoredResponse
{
    /// <summary>From <see cref="Database.Identifiers"/>.</summary>
    public required string Id { get; init; }

    public required DateTimeOffset Created { get; init; }

    public required string Model { get; init; }

    /// <summary><c>in_progress</c>, <c>completed</c>, <c>incomplete</c>, <c>failed</c> or <c>cancelled</c>.</summary>
    public required string Status { get; init; }

    /// <summary>The response that it continues; null for none.</summary>
    public string? Previous { get; init; }

    /// <summary>The response as it is sent, one JSON object.</summary>
    public required string Response { get; init; }

    /// <summary>The request's own input items, one JSON array, each with its identifier.</summary>
    public required string Input { get; init; }
}

/// <summary>Kept responses.</summary>
public interface IResponseStore
{
    /// <summary>Keeps it, in place of what was kept under its identifier.</summary>
    Task SaveAsync(StoredResponse response, CancellationToken cancellation);

    /// <returns>Null when there is none, or it was deleted.</returns>
    Task<StoredResponse?> FindAsync(string id, CancellationToken cancellation);

    /// <summary>A response and those that it continues, oldest first; ends where one was deleted.</summary>
    Task<IReadOnlyList<StoredResponse>> ChainAsync(string id, CancellationToken cancellation);

    /// <returns>Whether there was one.</returns>
    Task<bool> DeleteAsync(string id, CancellationToken cancellation);
}
