using System.Text.Json.Nodes;
using Foretell.Server.Metering;
using Foretell.Server.Storage;

namespace Foretell.Server.Trust;

/// <summary>Makes, lists and revokes keys, for the command line and the admin endpoints alike, and writes down who did.</summary>
public sealed class KeyManager(IKeyStore keys, AuditLog audit, IdentifierSource identifiers, KeyHasher hasher, TimeProvider time)
{
    private const int MostNameCharacters = 100;
    private const int PageSize = 500;

    /// <summary>Makes a key.</summary>
    /// <param name="actor">Who asks: a key's id, or <c>cli</c>.</param>
    /// <param name="expires">From when on it is refused; null for never.</param>
    /// <returns>The key, and its secret: the only time that it can be seen.</returns>
    /// <exception cref="ArgumentException">The name is empty or too long, there is no scope, a limit is below 1, or it would have expired already.</exception>
    public async Task<(ApiKey Key, string Secret)> CreateAsync(string actor, string name, KeyScopes scopes, DateTimeOffset? expires, KeyLimits limits, CancellationToken cancellation)
    {
        limits.Validate();
        if (name.Trim().Length is 0 or > MostNameCharacters || name.Any(char.IsControl))
        {
            throw new ArgumentException(FormattableString.Invariant($"A key's name has 1 to {MostNameCharacters} characters and no control characters; it is to tell keys apart by."));
        }
        if (scopes == KeyScopes.None)
        {
            throw new ArgumentException("A key needs at least one scope.");
        }
        DateTimeOffset now = time.GetUtcNow();
        if (expires <= now)
        {
            throw new ArgumentException(FormattableString.Invariant($"The key would have expired already, at {expires:u}; name a time to come."));
        }
        string secret = ApiKeySecret.Create();
        var key = new ApiKey(identifiers.Next("key_"), name.Trim(), hasher.Hash(secret), secret[..ApiKeySecret.PrefixCharacters], scopes, now, expires, null, limits);
        await keys.AddAsync(KeyRecords.Store(key), cancellation).ConfigureAwait(false);
        await audit.WriteAsync(actor, "key.created", key.Id, new JsonObject { ["name"] = key.Name, ["scopes"] = KeyScopeNames.Format(scopes) }, CancellationToken.None).ConfigureAwait(false);
        return (key, secret);
    }

    /// <summary>All keys, in the order in which they were made.</summary>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancellation)
    {
        var all = new List<ApiKey>();
        string? after = null;
        while (true)
        {
            Page<StoredKey> page = await keys.ListAsync(new PageRequest(PageSize, after), cancellation).ConfigureAwait(false);
            all.AddRange(page.Items.Select(KeyRecords.Load));
            if (!page.HasMore)
            {
                return all;
            }
            after = page.Items[^1].Id;
        }
    }

    /// <summary>The key of an id, or null.</summary>
    public async Task<ApiKey?> FindAsync(string id, CancellationToken cancellation) =>
        await keys.FindAsync(id, cancellation).ConfigureAwait(false) is StoredKey stored ? KeyRecords.Load(stored) : null;

    /// <summary>Revokes a key, for good.</summary>
    /// <returns>Whether there was such a key that was not revoked before.</returns>
    public async Task<bool> RevokeAsync(string actor, string id, CancellationToken cancellation)
    {
        bool revoked = await keys.RevokeAsync(id, time.GetUtcNow(), cancellation).ConfigureAwait(false);
        if (revoked)
        {
            await audit.WriteAsync(actor, "key.revoked", id, null, CancellationToken.None).ConfigureAwait(false);
        }
        return revoked;
    }
}
