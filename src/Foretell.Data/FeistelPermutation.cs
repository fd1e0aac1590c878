using System.Numerics;

namespace Foretell.Data;

/// <summary>
/// A keyed shuffle of 0..Count-1 that needs no table: a balanced Feistel network over the next even number of bits,
/// walked until the value falls below Count (on average under four steps).
/// <see href="https://doi.org/10.1007/3-540-45760-7_9">Black, Rogaway: Ciphers with arbitrary finite domains (2002)</see>.
/// </summary>
public readonly struct FeistelPermutation
{
    private const int RoundCount = 6;
    private const ulong RoundGamma = 0x9E3779B97F4A7C15;
    private readonly int _halfBits;
    private readonly ulong _halfMask;
    private readonly ulong _key;

    public FeistelPermutation(long count, ulong key)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        Count = count;
        int bits = count == 1 ? 2 : 64 - BitOperations.LeadingZeroCount((ulong)count - 1);
        _halfBits = (bits + 1) / 2;
        _halfMask = (1UL << _halfBits) - 1;
        _key = key;
    }

    public long Count { get; }

    /// <summary>Where the shuffle sends <paramref name="index"/>: each value in [0, Count) exactly once.</summary>
    public long this[long index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            ulong value = (ulong)index;
            do
            {
                value = Encipher(value);
            }
            while (value >= (ulong)Count);
            return (long)value;
        }
    }

    private ulong Encipher(ulong value)
    {
        ulong left = value >> _halfBits, right = value & _halfMask;
        for (ulong round = 0; round < RoundCount; round++)
        {
            (left, right) = (right, left ^ (SplitMix64.Finish((_key + (round * RoundGamma)) ^ right) & _halfMask));
        }
        return (left << _halfBits) | right;
    }
}
