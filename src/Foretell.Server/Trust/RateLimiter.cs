namespace Foretell.Server.Trust;

/// <summary>How one limit stands.</summary>
/// <param name="Limit">A minute's.</param>
/// <param name="Remaining">Of them, those that may be used at once; never below 0.</param>
/// <param name="Reset">Until all of them may be.</param>
public readonly record struct RateStatus(int Limit, int Remaining, TimeSpan Reset);

/// <summary>What a limiter says of a request.</summary>
/// <param name="Requests">Null where requests are not limited.</param>
/// <param name="Tokens">Null where tokens are not limited.</param>
/// <param name="RetryAfter">How long to wait; null for a request that may go on.</param>
/// <param name="Refusal">Which limit was reached, "requests" or "tokens"; null for none.</param>
public readonly record struct RateDecision(RateStatus? Requests, RateStatus? Tokens, TimeSpan? RetryAfter, string? Refusal);

/// <summary>
/// Requests and tokens a minute, by key. A request is taken when it comes; its tokens when they are known, so that the last
/// answer may overdraw them, which later requests wait for. Memory is bounded: a key that has everything left is forgotten.
/// </summary>
/// <param name="time">Its monotonic clock decides.</param>
/// <param name="mostKeys">Keys that are held at once before those are forgotten that have most left.</param>
public sealed class RateLimiter(TimeProvider time, int mostKeys = 16_384)
{
    private sealed class Use(KeyLimits limits, long now)
    {
        public KeyLimits Limits { get; set; } = limits;

        public TokenBucket Requests = new(limits.RequestsPerMinute ?? 0, now);
        public TokenBucket Tokens = new(limits.TokensPerMinute ?? 0, now);
    }

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Use> _uses = new(StringComparer.Ordinal);
    private readonly long _start = time.GetTimestamp();
    private long _swept;

    /// <summary>Keys that are held.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _uses.Count;
            }
        }
    }

    /// <summary>Takes one request, if the key may make it: a refused one takes nothing.</summary>
    public RateDecision TakeRequest(string key, KeyLimits limits)
    {
        if (limits is { RequestsPerMinute: null, TokensPerMinute: null })
        {
            return default;
        }
        lock (_lock)
        {
            long now = Now();
            Use use = Find(key, limits, now);
            TimeSpan wait = TimeSpan.Zero;
            string? refusal = null;
            if (limits.RequestsPerMinute is int requests && use.Requests.Level(requests, now) < 1)
            {
                (wait, refusal) = (use.Requests.Until(1, requests), "requests");
            }
            if (limits.TokensPerMinute is int tokens && use.Tokens.Level(tokens, now) < 1 && use.Tokens.Until(1, tokens) > wait)
            {
                (wait, refusal) = (use.Tokens.Until(1, tokens), "tokens");
            }
            if (refusal is null)
            {
                use.Requests.Take(1);
            }
            return Status(use, now) with { RetryAfter = refusal is null ? null : wait, Refusal = refusal };
        }
    }

    /// <summary>Takes tokens that were used, and says how the limits stand then.</summary>
    public RateDecision TakeTokens(string key, KeyLimits limits, long tokens)
    {
        if (limits is { RequestsPerMinute: null, TokensPerMinute: null })
        {
            return default;
        }
        lock (_lock)
        {
            long now = Now();
            Use use = Find(key, limits, now);
            if (limits.TokensPerMinute is int perMinute)
            {
                use.Tokens.Level(perMinute, now);
                use.Tokens.Take(tokens);
            }
            return Status(use, now);
        }
    }

    private static RateDecision Status(Use use, long now) => new(
        use.Limits.RequestsPerMinute is int requests ? Status(ref use.Requests, requests, now) : null,
        use.Limits.TokensPerMinute is int tokens ? Status(ref use.Tokens, tokens, now) : null,
        null,
        null);

    private static RateStatus Status(ref TokenBucket bucket, int perMinute, long now) =>
        new(perMinute, (int)Math.Max(0, Math.Floor(bucket.Level(perMinute, now))), bucket.Until(perMinute, perMinute));

    private long Now() => time.GetElapsedTime(_start).Ticks;

    private Use Find(string key, KeyLimits limits, long now)
    {
        Sweep(now);
        if (!_uses.TryGetValue(key, out Use? use))
        {
            if (_uses.Count >= mostKeys)
            {
                Forget(now, mostKeys / 2);
            }
            _uses.Add(key, use = new Use(limits, now));
        }
        else if (use.Limits != limits)
        {
            // A key whose limits were changed begins anew with them.
            _uses[key] = use = new Use(limits, now);
        }
        return use;
    }

    /// <summary>Once a minute, what is full again goes: a bucket made anew would be the same.</summary>
    private void Sweep(long now)
    {
        if (now - _swept < TimeSpan.TicksPerMinute)
        {
            return;
        }
        _swept = now;
        foreach ((string key, Use use) in _uses)
        {
            if (Missing(use, now) <= 0)
            {
                _uses.Remove(key);
            }
        }
    }

    private void Forget(long now, int kept)
    {
        foreach (string key in _uses.OrderByDescending(pair => Missing(pair.Value, now)).Skip(kept).Select(pair => pair.Key).ToArray())
        {
            _uses.Remove(key);
        }
    }

    /// <summary>The share of a minute's worth that is gone.</summary>
    private static double Missing(Use use, long now) => Math.Max(
        use.Limits.RequestsPerMinute is int requests ? 1 - use.Requests.Level(requests, now) / requests : 0,
        use.Limits.TokensPerMinute is int tokens ? 1 - use.Tokens.Level(tokens, now) / tokens : 0);
}
