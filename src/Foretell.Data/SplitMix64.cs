namespace Foretell.Data;

/// <summary>
/// The seeded generator of this room: 64 bits of state, the same numbers on every machine and runtime.
/// <see href="https://doi.org/10.1145/2660193.2660195">Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014)</see>.
/// </summary>
public struct SplitMix64(ulong seed)
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;
    private ulong _state = seed;

    /// <summary>The next 64 uniform bits.</summary>
    public ulong Next() => Finish(_state += GoldenGamma);

    /// <summary>A uniform number in [0, <paramref name="bound"/>); the bias is below <paramref name="bound"/> / 2^64.</summary>
    public long Below(long bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        return (long)Math.BigMul(Next(), (ulong)bound, out _);
    }

    /// <summary>One hash of two words: a function of their values and their order.</summary>
    public static ulong Mix(ulong first, ulong second) => Finish(Finish(first + GoldenGamma) ^ (second + GoldenGamma));

    /// <summary>The generator's output function: a bijection of 64 bits in which each bit hangs on all.</summary>
    internal static ulong Finish(ulong bits)
    {
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
        return bits ^ (bits >> 31);
    }
}
