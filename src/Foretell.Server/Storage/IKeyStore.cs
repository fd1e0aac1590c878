namespace Foretell.Server.Storage;

/// <summary>An API key as it is kept: never the key itself.</summary>
/// <param name="Hash">Of the key; no two keys have the same.</param>
/// <param name="Prefix">The beginning of the key, for people to tell keys apart.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="Expires">Null for never.</param>
/// <param name="Revoked">Null while it is good.</param>
/// <param name="Limits">A JSON object of its own limits; <c>{}</c> for the server's.</param>
public sealed record StoredKey(string Id, string Name, string Hash, string Prefix, IReadOnlyList<string> Scopes, DateTimeOffset Created, DateTimeOffset? Expires, DateTimeOffset? Revoked, string Limits);

/// <summary>API keys.</summary>
public interface IKeyStore
{
    Task AddAsync(StoredKey key, CancellationToken cancellation);

    Task<StoredKey?> FindAsync(string id, CancellationToken cancellation);

    Task<StoredKey?> FindByHashAsync(string hash, CancellationToken cancellation);

    /// <summary>All keys, revoked and expired ones too.</summary>
    Task<Page<StoredKey>> ListAsync(PageRequest page, CancellationToken cancellation);

    /// <summary>Whether any key stands that is neither revoked nor expired.</summary>
    Task<bool> AnyAsync(DateTimeOffset now, CancellationToken cancellation);

    /// <returns>Whether there was such a key that was not revoked before.</returns>
    Task<bool> RevokeAsync(string id, DateTimeOffset time, CancellationToken cancellation);
}
