using System.Collections.Concurrent;
using Foretell.Server.Storage;

namespace Foretell.Server.Trust;

/// <summary>
/// Finds the key that a request comes with. What the store says is remembered for a moment, so that a request seldom waits for
/// it; a key that is revoked here is refused at once, one revoked by another process <see cref="Memory"/> later. Safe to use
/// from many threads.
/// </summary>
internal sealed class KeyRing(IKeyStore store, KeyHasher hasher, TimeProvider time)
{
    /// <summary>How long an answer of the store holds.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromSeconds(2);

    /// <summary>Keys remembered at once.</summary>
    private const int MostRemembered = 10_000;

    private sealed record Known(ApiKey? Key, long At);

    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);
    private (bool Any, long At)? _any;
    private readonly Lock _lock = new();

    /// <summary>The good key of a secret, or null.</summary>
    public async ValueTask<ApiKey?> FindAsync(string? secret, CancellationToken cancellation)
    {
        // Guesses are turned away without asking the store.
        if (!ApiKeySecret.IsWellFormed(secret))
        {
            return null;
        }
        string hash = hasher.Hash(secret!);
        if (!_known.TryGetValue(hash, out Known? known) || time.GetElapsedTime(known.At) > Memory)
        {
            long asked = time.GetTimestamp();
            StoredKey? stored = await store.FindByHashAsync(hash, cancellation).ConfigureAwait(false);
            known = new Known(stored is null ? null : KeyRecords.Load(stored), asked);
            if (_known.Count >= MostRemembered)
            {
                _known.Clear();
            }
            _known[hash] = known;
        }
        return known.Key is ApiKey key && hasher.Matches(secret!, key.Hash) && key.IsGoodAt(time.GetUtcNow()) ? key : null;
    }

    /// <summary>Whether there is any good key: without one, the server asks for none.</summary>
    public async ValueTask<bool> AnyAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            // Once there was a key, the server stays closed: revoking the last one must not open it.
            if (_any is (bool any, long at) && (any || time.GetElapsedTime(at) <= Memory))
            {
                return any;
            }
        }
        long asked = time.GetTimestamp();
        bool found = (await store.ListAsync(new PageRequest(1), cancellation).ConfigureAwait(false)).Items.Count > 0;
        lock (_lock)
        {
            _any = (found, asked);
        }
        return found;
    }

    /// <summary>Asks the store anew from now on, as after a change.</summary>
    public void Forget()
    {
        _known.Clear();
        lock (_lock)
        {
            _any = null;
        }
    }
}
