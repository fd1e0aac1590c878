using System.Runtime.Intrinsics;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Tests.Kernels;

public class VectorMathTests
{
    [Fact]
    public void Exp_WholeRange_WithinTwoUlp() => AssertRelative(Exp, Math.Exp, -87.3f, 88.7f, 1.2e-7);

    [Fact]
    public void Exp_Limits_AreRight()
    {
        Assert.Equal(0, Exp(float.NegativeInfinity));
        Assert.Equal(0, Exp(-88));
        Assert.Equal(0, Exp(-1e30f));
        Assert.Equal(1, Exp(0));
        Assert.Equal(float.PositiveInfinity, Exp(88.73f));
        Assert.Equal(float.PositiveInfinity, Exp(1e30f));
        Assert.Equal(float.PositiveInfinity, Exp(float.PositiveInfinity));
        Assert.True(float.IsNaN(Exp(float.NaN)));
        Assert.True(float.IsFinite(Exp(88.72283f)));
        Assert.True(Exp(-87.33654f) >= 1.17549435e-38f);
    }

    [Fact]
    public void Tanh_WholeRange_WithinThreeUlp()
    {
        AssertRelative(Tanh, Math.Tanh, -12, 12, 1.8e-7);
        AssertRelative(Tanh, Math.Tanh, -1e-3f, 1e-3f, 1.8e-7);
        Assert.Equal(1, Tanh(float.PositiveInfinity));
        Assert.Equal(-1, Tanh(float.NegativeInfinity));
        Assert.True(float.IsNaN(Tanh(float.NaN)));
        Assert.Equal(1e-30f, Tanh(1e-30f));
    }

    [Fact]
    public void Sigmoid_WholeRange_WithinThreeUlp()
    {
        AssertRelative(x => VectorMath.Sigmoid(Vector512.Create(x)).ToScalar(), x => 1 / (1 + Math.Exp(-x)), -87, 87, 2.4e-7);
        Assert.Equal(0, VectorMath.Sigmoid(Vector512.Create(float.NegativeInfinity)).ToScalar());
        Assert.Equal(1, VectorMath.Sigmoid(Vector512.Create(float.PositiveInfinity)).ToScalar());
    }

    [Fact]
    public void Log_EveryExponent_WithinTwoUlp()
    {
        for (uint bits = 1; bits < 0x7f800000; bits += 10_007)
        {
            float x = BitConverter.UInt32BitsToSingle(bits);
            double expected = Math.Log(x);
            Assert.True(Math.Abs(VectorMath.Log(x) - expected) <= 1.5e-7 * Math.Abs(expected), $"log {x}: expected {expected}, was {VectorMath.Log(x)}");
        }
        Assert.Equal(float.NegativeInfinity, VectorMath.Log(0));
        Assert.Equal(float.PositiveInfinity, VectorMath.Log(float.PositiveInfinity));
        Assert.True(float.IsNaN(VectorMath.Log(-1)));
        Assert.True(float.IsNaN(VectorMath.Log(float.NaN)));
        Assert.Equal(0, VectorMath.Log(1));
    }

    [Fact]
    public void NormalDistribution_BothTails_ExactToAFewUlp()
    {
        AssertRelative(Distribution, ExpectedDistribution, -3, 8, 6e-7);
        for (float x = -13; x < -3; x += 0.01f)
        {
            // Mills' continued fraction (Abramowitz and Stegun 26.2.14), to which the tail converges fast.
            double fraction = 0;
            for (int n = 200; n >= 1; n--)
            {
                fraction = n / (-x + fraction);
            }
            double expected = Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI) / (-x + fraction);
            Assert.True(Math.Abs(Distribution(x) - expected) <= 1e-6 * expected, $"Φ({x}): expected {expected}, was {Distribution(x)}");
        }
        Assert.Equal(0, Distribution(float.NegativeInfinity));
        Assert.Equal(1, Distribution(float.PositiveInfinity));
        Assert.True(float.IsNaN(Distribution(float.NaN)));

        static float Distribution(float x) => VectorMath.NormalDistribution(Vector512.Create(x), out _).ToScalar();
        static double ExpectedDistribution(double x) => 0.5 * (1 + ReferenceElementwise.ErrorFunction(x / Math.Sqrt(2)));
    }

    [Fact]
    public void Functions_AnyLane_GiveTheSameBits()
    {
        float[] x = [.. Enumerable.Range(0, 16).Select(i => -3.7f + 0.51f * i)];
        Vector512<float> together = VectorMath.Exp(Vector512.Create<float>(x));
        for (int lane = 0; lane < 16; lane++)
        {
            Assert.Equal(Exp(x[lane]), together.GetElement(lane));
        }
    }

    private static float Exp(float x) => VectorMath.Exp(Vector512.Create(x)).ToScalar();

    private static float Tanh(float x) => VectorMath.Tanh(Vector512.Create(x)).ToScalar();

    private static void AssertRelative(Func<float, float> function, Func<double, double> expected, float low, float high, double tolerance)
    {
        const int Points = 200_000;
        for (int i = 0; i <= Points; i++)
        {
            float x = (float)(low + (high - (double)low) * i / Points);
            double wanted = expected(x);
            Assert.True(Math.Abs(function(x) - wanted) <= tolerance * Math.Abs(wanted), $"at {x}: expected {wanted}, was {function(x)}");
        }
    }
}
