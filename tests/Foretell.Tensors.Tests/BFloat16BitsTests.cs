namespace Foretell.Tensors.Tests;

public class BFloat16BitsTests
{
    /// <summary>What follows the upper 16 bits: nothing, just under, at and just over the half, and all.</summary>
    private static readonly ushort[] Tails = [0x0000, 0x0001, 0x7FFF, 0x8000, 0x8001, 0xFFFF];

    [Fact]
    public void From_EveryUpperPattern_RoundsToTheNearestEven()
    {
        for (int upper = 0; upper <= 0xFFFF; upper++)
        {
            foreach (ushort tail in Tails)
            {
                float value = BitConverter.UInt32BitsToSingle(((uint)upper << 16) | tail);
                ushort got = BFloat16Bits.From(value);
                if (float.IsNaN(value))
                {
                    Assert.True(float.IsNaN(BFloat16Bits.ToSingle(got)), $"{upper:X4}{tail:X4} lost its NaN");
                    Assert.Equal(upper >> 15, got >> 15);
                }
                else if (got != Nearest(value))
                {
                    Assert.Fail($"{upper:X4}{tail:X4} = {value:R} became {got:X4}, wanted {Nearest(value):X4}");
                }
            }
        }
    }

    [Fact]
    public void ToSingle_EveryPattern_ComesBackUnchanged()
    {
        for (int bits = 0; bits <= 0xFFFF; bits++)
        {
            float value = BFloat16Bits.ToSingle((ushort)bits);
            if (!float.IsNaN(value) && BFloat16Bits.From(value) != bits)
            {
                Assert.Fail($"{bits:X4} became {BFloat16Bits.From(value):X4}");
            }
        }
    }

    /// <summary>By arithmetic in double precision: the value in units of the last of 8 digits, rounded to even; beyond the largest, infinity.</summary>
    private static ushort Nearest(float value)
    {
        int sign = float.IsNegative(value) ? 0x8000 : 0;
        double magnitude = Math.Abs((double)value);
        if (double.IsInfinity(magnitude))
        {
            return (ushort)(sign | 0x7F80);
        }
        int exponent = magnitude == 0 ? -126 : Math.Max(Math.ILogB(magnitude), -126);
        double units = Math.Round(magnitude / Math.ScaleB(1, exponent - 7), MidpointRounding.ToEven);
        if (units == 256)
        {
            (units, exponent) = (128, exponent + 1);
        }
        if (exponent > 127)
        {
            return (ushort)(sign | 0x7F80);
        }
        // Below 128 units the number has no leading one: it is zero or subnormal, with an exponent field of 0.
        int field = units < 128 ? 0 : exponent + 127;
        return (ushort)(sign | (field << 7) | ((int)units & 0x7F));
    }
}
