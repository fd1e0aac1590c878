namespace Foretell.Server.Trust;

/// <summary>
/// A bucket that holds a minute's worth and fills evenly: what was not used in the last minute is not kept for the next. It
/// may go below nothing, as what an answer takes is known when it is over; nothing more is given before that is made up for.
/// </summary>
/// <remarks>Counted in whole parts of a minute's ticks, so that nothing is lost to rounding.</remarks>
internal struct TokenBucket
{
    private Int128 _parts;
    private long _at;

    /// <summary>A full bucket.</summary>
    public TokenBucket(int perMinute, long now)
    {
        _parts = Parts(perMinute);
        _at = now;
    }

    /// <summary>What is in it after it has filled up to a time in ticks.</summary>
    public double Level(int perMinute, long now)
    {
        if (now > _at)
        {
            _parts = Int128.Min(Parts(perMinute), _parts + (Int128)perMinute * (now - _at));
            _at = now;
        }
        return (double)_parts / TimeSpan.TicksPerMinute;
    }

    /// <summary>Takes so much out; <see cref="Level"/> comes before.</summary>
    public void Take(long amount) => _parts -= Parts(amount);

    /// <summary>How long until it holds so much.</summary>
    public readonly TimeSpan Until(int wanted, int perMinute)
    {
        Int128 missing = Parts(wanted) - _parts;
        return missing <= 0 ? TimeSpan.Zero : TimeSpan.FromTicks((long)((missing + perMinute - 1) / perMinute));
    }

    private static Int128 Parts(long amount) => (Int128)amount * TimeSpan.TicksPerMinute;
}
