namespace Foretell.Server.Storage;

/// <summary>An uploaded or produced file; its bytes lie in the data folder under its identifier.</summary>
/// <param name="Filename">What the client called it; never a path on this machine.</param>
/// <param name="Purpose"><c>fine-tune</c>, <c>fine-tune-results</c>, <c>user_data</c> and so on.</param>
/// <param name="Expires">When it may go; null for never.</param>
public sealed record StoredFile(string Id, string Filename, string Purpose, long Bytes, DateTimeOffset Created, DateTimeOffset? Expires = null);

/// <summary>What is known about files.</summary>
public interface IFileStore
{
    Task AddAsync(StoredFile file, CancellationToken cancellation);

    /// <returns>Null when there is none, or it was deleted.</returns>
    Task<StoredFile?> FindAsync(string id, CancellationToken cancellation);

    /// <param name="purpose">Null for all.</param>
    Task<Page<StoredFile>> ListAsync(string? purpose, PageRequest page, CancellationToken cancellation);

    /// <summary>Files whose time has come.</summary>
    Task<IReadOnlyList<StoredFile>> ExpiredAsync(DateTimeOffset now, CancellationToken cancellation);

    /// <returns>Whether there was one.</returns>
    Task<bool> DeleteAsync(string id, CancellationToken cancellation);
}
