using System.Runtime.Intrinsics;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>From half precision, as published weights have it, to single; exact.</summary>
internal static unsafe class Float16Conversion
{
    /// <summary>2¹¹²: what the exponents' biases differ by. A half's bits, moved into a single's place, times this are its value, subnormals too.</summary>
    private const float Rebias = 5.192296858534828e33f;

    /// <summary>A half's largest finite bits, in a single's place: above are infinity and NaN, which the product does not keep.</summary>
    private const uint LargestFinite = 0x7bffu << 13;

    private const uint SingleInfinity = 0x7f800000;

    /// <summary>Widens <paramref name="count"/> halves into singles.</summary>
    public static void Widen(ushort* source, float* destination, int count)
    {
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; i + 16 <= count; i += 16)
            {
                Vector512<uint> bits = Vector512.WidenLower(Vector256.Load(source + i).ToVector512Unsafe());
                Vector512<uint> magnitude = (bits & Vector512.Create(0x7fffu)) << 13;
                Vector512<uint> value = (magnitude.AsSingle() * Vector512.Create(Rebias)).AsUInt32();
                Vector512<uint> special = Vector512.GreaterThan(magnitude, Vector512.Create(LargestFinite)) & Vector512.Create(SingleInfinity);
                (value | special | (bits & Vector512.Create(0x8000u)) << 16).AsSingle().Store(destination + i);
            }
        }
        for (; i < count; i++)
        {
            destination[i] = (float)BitConverter.UInt16BitsToHalf(source[i]);
        }
    }
}
