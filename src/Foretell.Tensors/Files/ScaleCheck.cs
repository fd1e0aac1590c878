using System.Numerics;
using System.Runtime.InteropServices;

namespace Foretell.Tensors.Files;

/// <summary>
/// Whether weights are numbers: no element of a float type, and no scale of a block, is NaN or infinite. A damaged or
/// hostile file shows here rather than as a model that says nothing. It reads at the speed of memory.
/// </summary>
public static class ScaleCheck
{
    private const int HalfExponent = 0x7C00;

    /// <param name="bytes">Elements of <paramref name="type"/>, or whole blocks.</param>
    public static bool AllFinite(DType type, ReadOnlySpan<byte> bytes) => type switch
    {
        DType.Float32 => NoneFull(MemoryMarshal.Cast<byte, uint>(bytes), 0x7F800000u),
        DType.BFloat16 => NoneFull(MemoryMarshal.Cast<byte, ushort>(bytes), (ushort)0x7F80),
        DType.Float16 => NoneFull(MemoryMarshal.Cast<byte, ushort>(bytes), (ushort)HalfExponent),
        DType.Q8_0 or DType.Q4_0 => Blocks(bytes, type.BlockBytes(), 0, 1),
        DType.Q4_K => Blocks(bytes, type.BlockBytes(), 0, 2),
        DType.Q6_K => Blocks(bytes, type.BlockBytes(), type.BlockBytes() - sizeof(ushort), 1),
        _ => true,
    };

    /// <summary>Whether no element has every bit of its exponent set.</summary>
    private static bool NoneFull<T>(ReadOnlySpan<T> bits, T exponent)
        where T : unmanaged, IBinaryInteger<T>
    {
        var mask = new Vector<T>(exponent);
        int index = 0;
        for (; index + Vector<T>.Count <= bits.Length; index += Vector<T>.Count)
        {
            if (Vector.EqualsAny(new Vector<T>(bits[index..]) & mask, mask))
            {
                return false;
            }
        }
        for (; index < bits.Length; index++)
        {
            if ((bits[index] & exponent) == exponent)
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Whether the half-precision numbers at a place of every block are finite.</summary>
    private static bool Blocks(ReadOnlySpan<byte> bytes, int blockBytes, int at, int count)
    {
        for (int block = at; block < bytes.Length; block += blockBytes)
        {
            for (int scale = 0; scale < count; scale++)
            {
                if ((MemoryMarshal.Read<ushort>(bytes[(block + scale * sizeof(ushort))..]) & HalfExponent) == HalfExponent)
                {
                    return false;
                }
            }
        }
        return true;
    }
}
