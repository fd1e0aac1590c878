namespace Foretell.Tensors.Kernels.Reference;

/// <summary>
/// Products with quantized weights, x Wᵀ. Each row of x is rounded to signed bytes in blocks of 32 (<see cref="QuantizeBlock"/>),
/// so that the sums of a block are whole numbers and exact. Then, group after group along depth, in single precision:
/// sum = fma(xScale · scale, dot, sum) and, where the format has minima, sum = fma(-minimum, xScale · xSum, sum). Every
/// backend does exactly this, so all give the same bits. With x in double precision nothing is rounded.
/// </summary>
internal static unsafe class ReferenceQuantized
{
    /// <summary>Numbers of x under one scale.</summary>
    public const int BlockLength = 32;

    /// <summary>Below this (the least normal single) a scale has no inverse; the block counts as zeros.</summary>
    public const float LeastScale = 1.17549435e-38f;

    /// <summary>x ≈ scale · q: scale = max |x| / 127, q to nearest, ties to even. What is not finite makes the scale so, and all q 0.</summary>
    /// <returns>The scale.</returns>
    public static float QuantizeBlock(ReadOnlySpan<float> x, Span<sbyte> q)
    {
        // As integers the bits of magnitudes have the order of the magnitudes, infinity and NaN on top.
        uint largest = 0;
        foreach (float value in x)
        {
            largest = Math.Max(largest, BitConverter.SingleToUInt32Bits(value) & 0x7fffffff);
        }
        float scale = BitConverter.UInt32BitsToSingle(largest) / 127;
        if (!float.IsFinite(scale) || scale < LeastScale)
        {
            q.Clear();
            return float.IsFinite(scale) ? 0 : scale;
        }
        float inverse = 1 / scale;
        for (int i = 0; i < x.Length; i++)
        {
            q[i] = (sbyte)MathF.Round(x[i] * inverse);
        }
        return scale;
    }

    /// <summary>result [rows, outputs] = x [rows, depth] × weight [outputs, depth]ᵀ (+ bias).</summary>
    public static void Multiply(MatrixView x, MatrixView weight, MatrixView bias, MatrixView result)
    {
        if (x.Type == DType.Float64)
        {
            MultiplyExactly(x, weight, bias, result);
            return;
        }
        int depth = weight.Columns;
        sbyte[] q = new sbyte[depth];
        float[] xScales = new float[depth / BlockLength];
        byte[] levels = new byte[depth];
        float[] scales = new float[depth / weight.Type.GroupLength()];
        float[] minima = new float[scales.Length];
        for (int row = 0; row < x.Rows; row++)
        {
            float[] values = Singles(x, row);
            for (int block = 0; block < xScales.Length; block++)
            {
                xScales[block] = QuantizeBlock(values.AsSpan(block * BlockLength, BlockLength), q.AsSpan(block * BlockLength, BlockLength));
            }
            for (int output = 0; output < weight.Rows; output++)
            {
                Read(weight, output, levels, scales, minima);
                float sum = Dot(weight.Type, q, xScales, levels, scales, minima);
                Store(result, row, output, bias.IsNone ? sum : sum + (float)PlainCopy.Load(bias.Pointer, bias.Type, output));
            }
        }
    }

    /// <summary>The numbers of row <paramref name="row"/> of quantized weights.</summary>
    public static void Dequantize(MatrixView weight, int row, Span<float> values) =>
        QuantizedBlocks.Dequantize(weight.Type, new ReadOnlySpan<byte>(weight.At(row, 0), checked((int)weight.Type.Bytes(weight.Columns))), values);

    private static float Dot(DType type, sbyte[] q, float[] xScales, byte[] levels, float[] scales, float[] minima)
    {
        int length = type.GroupLength();
        float sum = 0;
        for (int group = 0; group < scales.Length; group++)
        {
            int dot = 0;
            int xSum = 0;
            for (int i = group * length; i < (group + 1) * length; i++)
            {
                dot += (levels[i] - type.ZeroLevel()) * q[i];
                xSum += q[i];
            }
            float xScale = xScales[group * length / BlockLength];
            sum = MathF.FusedMultiplyAdd(xScale * scales[group], dot, sum);
            if (type.HasMinimum())
            {
                sum = MathF.FusedMultiplyAdd(-minima[group], xScale * xSum, sum);
            }
        }
        return sum;
    }

    private static void Read(MatrixView weight, int row, Span<byte> levels, Span<float> scales, Span<float> minima)
    {
        int length = weight.Type.BlockLength();
        int groups = length / weight.Type.GroupLength();
        for (int block = 0; block < weight.Columns / length; block++)
        {
            var bytes = new ReadOnlySpan<byte>(weight.At(row, block * length), weight.Type.BlockBytes());
            BlockLevels.Read(weight.Type, bytes, levels.Slice(block * length, length), scales.Slice(block * groups, groups), minima.Slice(block * groups, groups));
        }
    }

    private static void MultiplyExactly(MatrixView x, MatrixView weight, MatrixView bias, MatrixView result)
    {
        float[] values = new float[weight.Columns];
        for (int output = 0; output < weight.Rows; output++)
        {
            Dequantize(weight, output, values);
            for (int row = 0; row < x.Rows; row++)
            {
                double sum = 0;
                for (int i = 0; i < values.Length; i++)
                {
                    sum += x.Row<double>(row)[i] * values[i];
                }
                result.Row<double>(row)[output] = bias.IsNone ? sum : sum + PlainCopy.Load(bias.Pointer, bias.Type, output);
            }
        }
    }

    private static float[] Singles(MatrixView x, int row)
    {
        float[] values = new float[x.Columns];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)PlainCopy.Load(x.Pointer, x.Type, row * x.Stride + i);
        }
        return values;
    }

    private static void Store(MatrixView result, int row, int column, float value)
    {
        if (result.Type == DType.Float32)
        {
            result.Row<float>(row)[column] = value;
        }
        else
        {
            result.Row<ushort>(row)[column] = BFloat16Bits.From(value);
        }
    }
}
