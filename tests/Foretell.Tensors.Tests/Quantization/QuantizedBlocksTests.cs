namespace Foretell.Tensors.Tests.Quantization;

public class QuantizedBlocksTests
{
    public static TheoryData<DType> Types => [DType.Q8_0, DType.Q4_0, DType.Q4_K, DType.Q6_K];

    [Fact]
    public void Quantize_EightBits_RoundsHalvesAwayFromZeroUnderOneScale()
    {
        float[] values = new float[32];
        (values[0], values[1], values[2], values[3], values[31]) = (127, -2.5f, 0.4f, 0.5f, -126.5f);
        byte[] block = new byte[34];
        QuantizedBlocks.Quantize(DType.Q8_0, values, block);
        Assert.Equal((Half)1, BitConverter.ToHalf(block));
        Assert.Equal([127, -3, 0, 1], block[2..6].Select(b => (int)(sbyte)b));
        Assert.Equal(-127, (sbyte)block[33]);
    }

    [Fact]
    public void Quantize_FourBits_PutsTheExtremeAtLevelZero()
    {
        float[] values = new float[32];
        (values[0], values[1], values[15], values[16], values[31]) = (16, -14, 1, -2, 0.9f);
        byte[] block = new byte[18];
        QuantizedBlocks.Quantize(DType.Q4_0, values, block);
        // The scale is 16 / -8; a level is trunc(x / -2 + 8.5), at most 15.
        Assert.Equal((Half)(-2), BitConverter.ToHalf(block));
        Assert.Equal(0 | 9 << 4, block[2]);
        Assert.Equal(15 | 8 << 4, block[3]);
        Assert.Equal(8 | 8 << 4, block[17]);
    }

    [Fact]
    public void Dequantize_FourBitSuperBlock_ReadsScalesAndMinimaOfSixBits()
    {
        byte[] block = new byte[144];
        BitConverter.TryWriteBytes(block, (Half)0.5f);
        BitConverter.TryWriteBytes(block.AsSpan(2), (Half)0.25f);
        // Group 1: scale 63, minimum 2. Group 6: scale 0b101011, minimum 0b110101, whose upper two bits lie in bytes 2 and 6.
        block[4 + 1] = 63;
        block[4 + 5] = 2;
        block[4 + 10] = 0b0101_1011;
        block[4 + 2] = 0b10 << 6;
        block[4 + 6] = 0b11 << 6;
        block[16 + 3] = 0x70;
        block[16 + 96 + 3] = 0x0b;
        float[] values = new float[256];
        QuantizedBlocks.Dequantize(DType.Q4_K, block, values);
        Assert.Equal(0, values[3]);
        Assert.Equal(0.5f * 63 * 7 - 0.25f * 2, values[32 + 3]);
        Assert.Equal(-0.25f * 2, values[32 + 4]);
        Assert.Equal(0.5f * 43 * 11 - 0.25f * 53, values[192 + 3]);
        Assert.Equal(-0.25f * 53, values[192 + 4]);
    }

    [Fact]
    public void Dequantize_SixBitSuperBlock_JoinsLowAndHighBits()
    {
        byte[] block = new byte[210];
        BitConverter.TryWriteBytes(block.AsSpan(208), (Half)0.5f);
        for (int group = 0; group < 16; group++)
        {
            block[192 + group] = (byte)(sbyte)(group - 8);
        }
        // Number 128 + 96 + 5: half 1, quarter 3, place 5.
        block[64 + 32 + 5] = 0x90;
        block[128 + 32 + 5] = 0b01 << 6;
        float[] values = new float[256];
        QuantizedBlocks.Dequantize(DType.Q6_K, block, values);
        Assert.Equal(0.5f * (14 - 8) * (0x19 - 32), values[128 + 96 + 5]);
        Assert.Equal(0.5f * -8 * -32, values[0]);
        Assert.Equal(0.5f * (2 - 8) * -32, values[32 + 5]);
    }

    [Theory]
    [InlineData(DType.Q8_0, 0.0060)]
    [InlineData(DType.Q6_K, 0.0180)]
    [InlineData(DType.Q4_K, 0.0730)]
    [InlineData(DType.Q4_0, 0.0890)]
    public void Quantize_NormalNumbers_ErrsByTheFormatsShare(DType type, double relativeError)
    {
        float[] values = Normal(256 * 64);
        float[] again = RoundTrip(type, values);
        double error = 0, size = 0;
        for (int i = 0; i < values.Length; i++)
        {
            error += Math.Pow(values[i] - again[i], 2);
            size += Math.Pow(values[i], 2);
        }
        Assert.InRange(Math.Sqrt(error / size), relativeError * 0.75, relativeError);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Quantize_NumbersOnTheGrid_AreKept(DType type)
    {
        // Multiples of 2^-7 from -8 to 7, all of them in every group: every format's grid holds them.
        float[] values = [.. Enumerable.Range(0, 512).Select(i => (i * 5 % 16 - 8) / 128f)];
        Assert.Equal(values, RoundTrip(type, values), (a, b) => MathF.Abs(a - b) <= (type == DType.Q4_0 ? 0 : 3e-4f));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Quantize_ZerosConstantsAndTinyNumbers_StayFinite(DType type)
    {
        float[][] rows = [new float[256], [.. Enumerable.Repeat(0.75f, 256)], [.. Enumerable.Repeat(-0.75f, 256)], [.. Enumerable.Repeat(1e-42f, 256)], [.. Enumerable.Repeat(-3e-8f, 256)]];
        foreach (float[] row in rows)
        {
            float[] again = RoundTrip(type, row);
            for (int i = 0; i < row.Length; i++)
            {
                Assert.InRange(again[i], row[i] - 0.01f * MathF.Abs(row[i]) - 1e-6f, row[i] + 0.01f * MathF.Abs(row[i]) + 1e-6f);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Quantize_NotFinite_IsRefusedWithItsPlace(DType type)
    {
        float[] values = new float[512];
        values[300] = float.NaN;
        ArgumentException refused = Assert.Throws<ArgumentException>(() => RoundTrip(type, values));
        Assert.Contains("Number 300", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Quantize_PartOfABlock_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => QuantizedBlocks.Quantize(DType.Q4_0, new float[33], new byte[36]));
        Assert.Throws<ArgumentException>(() => QuantizedBlocks.Dequantize(DType.Q6_K, new byte[209], new float[256]));
        Assert.Throws<ArgumentException>(() => QuantizedBlocks.Dequantize(DType.Float16, new byte[64], new float[32]));
    }

    private static float[] RoundTrip(DType type, float[] values)
    {
        byte[] blocks = new byte[type.Bytes(values.Length)];
        QuantizedBlocks.Quantize(type, values, blocks);
        float[] again = new float[values.Length];
        QuantizedBlocks.Dequantize(type, blocks, again);
        return again;
    }

    private static float[] Normal(int count)
    {
        var random = new SeededRandom(3);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = (float)random.NextNormal();
        }
        return values;
    }
}
