using System.Buffers.Binary;

namespace Foretell.Tensors;

/// <summary>
/// What all of GGML's blocks have in common: groups of numbers w = scale · (level − zero) − minimum, where levels are bytes,
/// a group's scale and minimum are singles (each the exact product of a half and a small integer), and zero is the format's.
/// </summary>
internal static class BlockLevels
{
    /// <summary>Groups of a super-block of Q4_K.</summary>
    private const int FourBitGroups = 8;

    /// <summary>Numbers under one scale.</summary>
    public static int GroupLength(this DType type) => type == DType.Q6_K ? 16 : 32;

    /// <summary>The level that stands for 0.</summary>
    public static int ZeroLevel(this DType type) => type switch
    {
        DType.Q8_0 => 128,
        DType.Q4_0 => 8,
        DType.Q6_K => 32,
        _ => 0,
    };

    /// <summary>Whether groups have minima.</summary>
    public static bool HasMinimum(this DType type) => type == DType.Q4_K;

    /// <summary>Takes a block apart.</summary>
    /// <param name="type">Q8_0, Q4_0, Q4_K or Q6_K.</param>
    /// <param name="block">At least the block's bytes.</param>
    /// <param name="levels">[block length].</param>
    /// <param name="scales">[groups].</param>
    /// <param name="minima">[groups]; zeros where the format has none.</param>
    public static void Read(DType type, ReadOnlySpan<byte> block, Span<byte> levels, Span<float> scales, Span<float> minima)
    {
        minima.Clear();
        switch (type)
        {
            case DType.Q8_0:
                scales[0] = HalfAt(block, 0);
                for (int i = 0; i < 32; i++)
                {
                    levels[i] = (byte)(block[2 + i] ^ 0x80);
                }
                break;
            case DType.Q4_0:
                scales[0] = HalfAt(block, 0);
                for (int i = 0; i < 16; i++)
                {
                    levels[i] = (byte)(block[2 + i] & 15);
                    levels[16 + i] = (byte)(block[2 + i] >> 4);
                }
                break;
            case DType.Q4_K:
                ReadFourBitSuperBlock(block, levels, scales, minima);
                break;
            default:
                ReadSixBitSuperBlock(block, levels, scales);
                break;
        }
    }

    /// <summary>The six-bit scale and minimum of a group of Q4_K, from the twelve bytes that hold eight of each.</summary>
    public static (int Scale, int Minimum) SixBitPair(ReadOnlySpan<byte> packed, int group) => group < FourBitGroups / 2
        ? (packed[group] & 63, packed[group + 4] & 63)
        : (packed[group + 4] & 15 | packed[group - 4] >> 6 << 4, packed[group + 4] >> 4 | packed[group] >> 6 << 4);

    /// <summary>Puts eight six-bit scales and minima into twelve bytes.</summary>
    public static void WriteSixBitPairs(ReadOnlySpan<byte> scales, ReadOnlySpan<byte> minima, Span<byte> packed)
    {
        for (int i = 0; i < FourBitGroups / 2; i++)
        {
            packed[i] = (byte)(scales[i] | scales[i + 4] >> 4 << 6);
            packed[i + 4] = (byte)(minima[i] | minima[i + 4] >> 4 << 6);
            packed[i + 8] = (byte)(scales[i + 4] & 15 | (minima[i + 4] & 15) << 4);
        }
    }

    /// <summary>Half scale, half minimum, 12 bytes of six-bit pairs, then for every 64 numbers 32 bytes: the first 32 in the low halves.</summary>
    private static void ReadFourBitSuperBlock(ReadOnlySpan<byte> block, Span<byte> levels, Span<float> scales, Span<float> minima)
    {
        float scale = HalfAt(block, 0);
        float minimum = HalfAt(block, 2);
        for (int group = 0; group < FourBitGroups; group++)
        {
            (int groupScale, int groupMinimum) = SixBitPair(block.Slice(4, 12), group);
            scales[group] = scale * groupScale;
            minima[group] = minimum * groupMinimum;
            ReadOnlySpan<byte> bytes = block.Slice(16 + group / 2 * 32, 32);
            for (int i = 0; i < 32; i++)
            {
                levels[group * 32 + i] = (byte)(bytes[i] >> 4 * (group % 2) & 15);
            }
        }
    }

    /// <summary>Two halves of 128 numbers, [quarter][32]: low four bits in 64 bytes, high two in 32; then 16 signed scales and a half.</summary>
    private static void ReadSixBitSuperBlock(ReadOnlySpan<byte> block, Span<byte> levels, Span<float> scales)
    {
        const int highStart = 128, scaleStart = 192, superStart = 208;
        float scale = HalfAt(block, superStart);
        for (int group = 0; group < 16; group++)
        {
            scales[group] = scale * (sbyte)block[scaleStart + group];
        }
        for (int i = 0; i < 256; i++)
        {
            int half = i / 128, quarter = i / 32 % 4, place = i % 32;
            int low = block[64 * half + 32 * (quarter % 2) + place] >> 4 * (quarter / 2) & 15;
            int high = block[highStart + 32 * half + place] >> 2 * quarter & 3;
            levels[i] = (byte)(low | high << 4);
        }
    }

    private static float HalfAt(ReadOnlySpan<byte> block, int offset) => (float)BinaryPrimitives.ReadHalfLittleEndian(block[offset..]);
}
