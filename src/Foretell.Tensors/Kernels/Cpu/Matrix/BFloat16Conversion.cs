using System.Runtime.Intrinsics;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// Between singles and bfloat16, their upper halves. Rounding is to nearest, ties to even; NaN stays NaN, made quiet;
/// subnormals are kept. The same bits on every machine.
/// </summary>
internal static unsafe class BFloat16Conversion
{
    private const uint QuietBit = 0x40;

    public static ushort Round(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)(bits >> 16 | QuietBit) : (ushort)(bits + 0x7fff + (bits >> 16 & 1) >> 16);
    }

    public static float Widen(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << 16);

    /// <summary>Rounds <paramref name="count"/> singles into bfloat16.</summary>
    public static void Round(float* source, ushort* destination, int count)
    {
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; i + 32 <= count; i += 32)
            {
                Vector512.Narrow(UpperHalf(Vector512.Load(source + i)), UpperHalf(Vector512.Load(source + i + 16))).Store(destination + i);
            }
        }
        for (; i + 8 <= count; i += 8)
        {
            Vector128.Narrow(UpperHalf(Vector128.Load(source + i)), UpperHalf(Vector128.Load(source + i + 4))).Store(destination + i);
        }
        for (; i < count; i++)
        {
            destination[i] = Round(source[i]);
        }
    }

    /// <summary>Widens <paramref name="count"/> bfloat16 into singles; exact.</summary>
    public static void Widen(ushort* source, float* destination, int count)
    {
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; i + 16 <= count; i += 16)
            {
                (Vector512.WidenLower(Vector256.Load(source + i).ToVector512Unsafe()) << 16).AsSingle().Store(destination + i);
            }
        }
        for (; i + 8 <= count; i += 8)
        {
            (Vector128<uint> lower, Vector128<uint> upper) = Vector128.Widen(Vector128.Load(source + i));
            (lower << 16).AsSingle().Store(destination + i);
            (upper << 16).AsSingle().Store(destination + i + 4);
        }
        for (; i < count; i++)
        {
            destination[i] = Widen(source[i]);
        }
    }

    /// <summary>Rounds singles to the nearest bfloat16 values, kept as singles.</summary>
    public static void RoundKeepingSingles(float* source, float* destination, int count)
    {
        int i = 0;
        for (; i + 4 <= count; i += 4)
        {
            (UpperHalf(Vector128.Load(source + i)) << 16).AsSingle().Store(destination + i);
        }
        for (; i < count; i++)
        {
            destination[i] = Widen(Round(source[i]));
        }
    }

    private static Vector512<uint> UpperHalf(Vector512<float> value)
    {
        Vector512<uint> bits = value.AsUInt32();
        Vector512<uint> upper = bits >>> 16;
        Vector512<uint> rounded = bits + Vector512.Create(0x7fffu) + (upper & Vector512.Create(1u)) >>> 16;
        return Vector512.ConditionalSelect(Vector512.Equals(value, value).AsUInt32(), rounded, upper | Vector512.Create(QuietBit));
    }

    private static Vector128<uint> UpperHalf(Vector128<float> value)
    {
        Vector128<uint> bits = value.AsUInt32();
        Vector128<uint> upper = bits >>> 16;
        Vector128<uint> rounded = bits + Vector128.Create(0x7fffu) + (upper & Vector128.Create(1u)) >>> 16;
        return Vector128.ConditionalSelect(Vector128.Equals(value, value).AsUInt32(), rounded, upper | Vector128.Create(QuietBit));
    }
}
