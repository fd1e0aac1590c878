using System.Numerics;
using System.Runtime.CompilerServices;

namespace Foretell.Inference;

/// <summary>A set of byte values.</summary>
internal readonly record struct ByteSet(ulong Low, ulong MiddleLow, ulong MiddleHigh, ulong High)
{
    public static readonly ByteSet All = new(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue);

    public bool IsEmpty => (Low | MiddleLow | MiddleHigh | High) == 0;

    public int Count => BitOperations.PopCount(Low) + BitOperations.PopCount(MiddleLow) + BitOperations.PopCount(MiddleHigh) + BitOperations.PopCount(High);

    public static ByteSet Of(byte value) => Range(value, value);

    /// <summary>All bytes from <paramref name="first"/> to <paramref name="last"/>, both included.</summary>
    public static ByteSet Range(int first, int last)
    {
        return new ByteSet(Word(0), Word(64), Word(128), Word(192));

        ulong Word(int offset)
        {
            int low = Math.Max(first - offset, 0);
            int high = Math.Min(last - offset, 63);
            return low > high ? 0 : (ulong.MaxValue >> (63 - high)) & (ulong.MaxValue << low);
        }
    }

    /// <summary>The bytes offset, offset + 1 ... whose bits are set; <paramref name="offset"/> is a multiple of 64.</summary>
    public static ByteSet FromWord(int offset, ulong word) => offset switch
    {
        0 => new ByteSet(word, 0, 0, 0),
        64 => new ByteSet(0, word, 0, 0),
        128 => new ByteSet(0, 0, word, 0),
        _ => new ByteSet(0, 0, 0, word),
    };

    public static ByteSet Of(ReadOnlySpan<byte> values)
    {
        ByteSet set = default;
        foreach (byte value in values)
        {
            set |= Of(value);
        }
        return set;
    }

    public static ByteSet operator |(ByteSet a, ByteSet b) => new(a.Low | b.Low, a.MiddleLow | b.MiddleLow, a.MiddleHigh | b.MiddleHigh, a.High | b.High);

    public static ByteSet operator &(ByteSet a, ByteSet b) => new(a.Low & b.Low, a.MiddleLow & b.MiddleLow, a.MiddleHigh & b.MiddleHigh, a.High & b.High);

    public static ByteSet operator ~(ByteSet a) => new(~a.Low, ~a.MiddleLow, ~a.MiddleHigh, ~a.High);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(byte value) => ((value >> 6) switch { 0 => Low, 1 => MiddleLow, 2 => MiddleHigh, _ => High } >> (value & 63) & 1) != 0;
}
