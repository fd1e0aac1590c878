namespace Foretell.Tensors;

/// <summary>
/// GGML's quantized blocks, to and from singles: rows of whole blocks, each <see cref="DTypes.BlockLength"/> numbers in
/// <see cref="DTypes.BlockBytes"/> bytes, as GGUF files hold them
/// (<see href="https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h">the formats</see>).
/// </summary>
public static class QuantizedBlocks
{
    /// <summary>The numbers that blocks stand for.</summary>
    /// <param name="type">Q8_0, Q4_0, Q4_K or Q6_K.</param>
    /// <param name="blocks">Whole blocks.</param>
    /// <param name="values">As many numbers as the blocks hold.</param>
    /// <exception cref="ArgumentException">The lengths do not fit, or the type has no blocks.</exception>
    public static void Dequantize(DType type, ReadOnlySpan<byte> blocks, Span<float> values)
    {
        NeedBlocks(type, values.Length, blocks.Length);
        int length = type.BlockLength();
        int group = type.GroupLength();
        int zero = type.ZeroLevel();
        Span<byte> levels = stackalloc byte[length];
        Span<float> scales = stackalloc float[length / group];
        Span<float> minima = stackalloc float[length / group];
        for (; !values.IsEmpty; values = values[length..], blocks = blocks[type.BlockBytes()..])
        {
            BlockLevels.Read(type, blocks, levels, scales, minima);
            for (int i = 0; i < length; i++)
            {
                values[i] = scales[i / group] * (levels[i] - zero) - minima[i / group];
            }
        }
    }

    /// <summary>
    /// Rounds numbers to blocks. Q8_0 and Q4_0 take the largest magnitude for the scale, to ggml's reference bits; Q4_K and
    /// Q6_K search scales (and minima) for the least weighted squared error, as ggml does without an importance matrix.
    /// </summary>
    /// <param name="type">Q8_0, Q4_0, Q4_K or Q6_K.</param>
    /// <param name="values">Whole blocks of finite numbers.</param>
    /// <param name="blocks">Exactly their bytes.</param>
    /// <exception cref="ArgumentException">The lengths do not fit, a number is not finite or too large for half-precision scales, or the type has no blocks.</exception>
    public static void Quantize(DType type, ReadOnlySpan<float> values, Span<byte> blocks)
    {
        NeedBlocks(type, values.Length, blocks.Length);
        int length = type.BlockLength();
        int bytes = type.BlockBytes();
        for (int i = 0; i < values.Length / length; i++)
        {
            ReadOnlySpan<float> from = values.Slice(i * length, length);
            Span<byte> to = blocks.Slice(i * bytes, bytes);
            NeedFinite(type, from, i * length);
            switch (type)
            {
                case DType.Q8_0:
                    PlainBlocks.QuantizeEightBits(from, to);
                    break;
                case DType.Q4_0:
                    PlainBlocks.QuantizeFourBits(from, to);
                    break;
                case DType.Q4_K:
                    SuperBlocks.QuantizeFourBits(from, to);
                    break;
                default:
                    SuperBlocks.QuantizeSixBits(from, to);
                    break;
            }
        }
    }

    private static void NeedBlocks(DType type, int values, int bytes)
    {
        if (!type.IsQuantized())
        {
            throw new ArgumentException($"{type} has no blocks; wanted Q8_0, Q4_0, Q4_K or Q6_K.", nameof(type));
        }
        if (values % type.BlockLength() != 0 || type.Bytes(values) != bytes)
        {
            throw new ArgumentException($"Blocks of {type} are {type.BlockLength()} numbers in {type.BlockBytes()} bytes; {values} numbers and {bytes} bytes do not fit.");
        }
    }

    /// <summary>A scale is at most the largest magnitude, which must therefore be a half.</summary>
    private static void NeedFinite(DType type, ReadOnlySpan<float> block, int start)
    {
        for (int i = 0; i < block.Length; i++)
        {
            if (!(MathF.Abs(block[i]) <= (float)Half.MaxValue))
            {
                throw new ArgumentException(FormattableString.Invariant($"Number {start + i} of those to quantize to {type} is {block[i]}; wanted magnitudes up to {(float)Half.MaxValue}."));
            }
        }
    }
}
