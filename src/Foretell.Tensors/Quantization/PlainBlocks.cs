using System.Buffers.Binary;

namespace Foretell.Tensors;

/// <summary>Rounding to blocks of 32 under one scale, which is single precision while rounding and a half when stored, as in ggml.</summary>
internal static class PlainBlocks
{
    /// <summary>Q8_0: scale = largest magnitude / 127; level = round(x / scale), halves away from zero.</summary>
    public static void QuantizeEightBits(ReadOnlySpan<float> values, Span<byte> block)
    {
        float scale = MathF.Abs(Extreme(values)) / 127;
        float inverse = Inverse(scale);
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)scale);
        for (int i = 0; i < values.Length; i++)
        {
            block[2 + i] = (byte)(sbyte)MathF.Round(values[i] * inverse, MidpointRounding.AwayFromZero);
        }
    }

    /// <summary>Q4_0: the number of the largest magnitude becomes level 0, which stands for -8 scales.</summary>
    public static void QuantizeFourBits(ReadOnlySpan<float> values, Span<byte> block)
    {
        float scale = Extreme(values) / -8;
        float inverse = Inverse(scale);
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)scale);
        for (int i = 0; i < 16; i++)
        {
            block[2 + i] = (byte)(Level(values[i]) | Level(values[16 + i]) << 4);
        }

        int Level(float value) => Math.Min(15, (int)(value * inverse + 8.5f));
    }

    /// <summary>The first number of the largest magnitude.</summary>
    private static float Extreme(ReadOnlySpan<float> values)
    {
        float extreme = 0;
        foreach (float value in values)
        {
            extreme = MathF.Abs(value) > MathF.Abs(extreme) ? value : extreme;
        }
        return extreme;
    }

    /// <summary>0 for 0, and for scales so small that their inverse is none: such numbers round to 0.</summary>
    private static float Inverse(float scale)
    {
        float inverse = 1 / scale;
        return float.IsFinite(inverse) ? inverse : 0;
    }
}
