using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Tests.Matrix;

public unsafe class BFloat16ConversionTests
{
    [Theory]
    [InlineData(0x3f800000u, 0x3f80)] // 1
    [InlineData(0x3f808000u, 0x3f80)] // a tie goes to the even neighbour, down
    [InlineData(0x3f818000u, 0x3f82)] // and up
    [InlineData(0x3f808001u, 0x3f81)]
    [InlineData(0x80000000u, 0x8000)] // -0
    [InlineData(0x7f7fffffu, 0x7f80)] // the largest single is beyond the largest bfloat16
    [InlineData(0xff800000u, 0xff80)] // -infinity
    [InlineData(0x7f800001u, 0x7fc0)] // NaN stays NaN
    [InlineData(0x7fffffffu, 0x7fff)]
    [InlineData(0xffffffffu, 0xffff)]
    [InlineData(0x00018000u, 0x0002)] // a subnormal
    public void Round_Single_IsTheNearestEven(uint single, int expected)
    {
        float value = BitConverter.UInt32BitsToSingle(single);
        Assert.Equal(expected, BFloat16Conversion.Round(value));
        // The vectors of every width, and the remainder, agree.
        const int count = 47;
        float* source = stackalloc float[count];
        ushort* rounded = stackalloc ushort[count];
        float* kept = stackalloc float[count];
        new Span<float>(source, count).Fill(value);
        BFloat16Conversion.Round(source, rounded, count);
        BFloat16Conversion.RoundKeepingSingles(source, kept, count);
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(expected, rounded[i]);
            Assert.Equal((uint)expected << 16, BitConverter.SingleToUInt32Bits(kept[i]));
        }
    }

    [Fact]
    public void Widen_EveryValue_KeepsItsBits()
    {
        ushort* source = stackalloc ushort[65536];
        var widened = new float[65536];
        for (int i = 0; i < 65536; i++)
        {
            source[i] = (ushort)i;
        }
        fixed (float* destination = widened)
        {
            BFloat16Conversion.Widen(source, destination, 65536 - 3);
        }
        for (int i = 0; i < 65536 - 3; i++)
        {
            Assert.Equal((uint)i << 16, BitConverter.SingleToUInt32Bits(widened[i]));
        }
    }
}
