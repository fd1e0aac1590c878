namespace Foretell.Tensors;

/// <summary>
/// Random numbers that are a pure function of a seed and a counter (SplitMix64, Steele, Lea and Flood 2014), the same on
/// every machine; <see cref="Fork"/> gives independent streams, so that no draw depends on the order of others.
/// </summary>
public struct SeededRandom(ulong seed)
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    private readonly ulong _seed = seed;
    private ulong _counter;
    private double? _spareNormal;

    /// <summary>The well-mixed 64 bits of <paramref name="value"/>.</summary>
    public static ulong Mix(ulong value)
    {
        value += GoldenGamma;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    /// <summary>An independent stream for <paramref name="purpose"/> and <paramref name="index"/>.</summary>
    public readonly SeededRandom Fork(string purpose, long index = 0)
    {
        // Mixed before each letter and the index, so that neighbouring seeds, letters and indices cannot make up for each other.
        ulong hash = Mix(_seed);
        foreach (char letter in purpose)
        {
            hash = Mix(hash ^ letter);
        }
        return new SeededRandom(Mix(Mix(hash) ^ (ulong)index));
    }

    public ulong NextBits() => Mix(_seed + GoldenGamma * ++_counter);

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1L << 53));

    /// <summary>Uniform in [0, <paramref name="limit"/>).</summary>
    public int NextInt(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return (int)Math.BigMul(NextBits(), (ulong)limit, out _);
    }

    /// <summary>Puts items in an order of which each is equally likely (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int last = items.Length - 1; last > 0; last--)
        {
            int other = NextInt(last + 1);
            (items[last], items[other]) = (items[other], items[last]);
        }
    }

    /// <summary>Normal with mean 0 and deviation 1 (Box and Muller 1958).</summary>
    public double NextNormal()
    {
        if (_spareNormal is double spare)
        {
            _spareNormal = null;
            return spare;
        }
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        double angle = 2 * Math.PI * NextDouble();
        _spareNormal = radius * Math.Sin(angle);
        return radius * Math.Cos(angle);
    }
}
