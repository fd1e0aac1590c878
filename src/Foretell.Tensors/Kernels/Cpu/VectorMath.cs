using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Foretell.Tensors.Kernels.Cpu;

/// <summary>
/// Functions of sixteen singles by range reduction and polynomials, built only of operations that IEEE 754 rounds
/// exactly, so that every processor gives the same bits (the runtime's own functions are whatever the system's library
/// computes). The coefficients interpolate the functions at Chebyshev nodes and are rounded to single precision.
/// </summary>
internal static class VectorMath
{
    private const float LogOfTwoHigh = 0.693145751953125f;
    private const float LogOfTwoLow = 1.42860677e-6f;

    /// <summary>1.5 · 2^23: adding it rounds a small number to an integer, which its lowest bits then hold.</summary>
    private const float RoundingShift = 12582912f;

    /// <summary>e^x within 1 ulp; 0 below 2^-126 (results are never subnormal), infinity above the largest single.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        Vector512<float> fraction = ExpFraction(x, out Vector512<int> exponent);
        Vector512<float> scaled = ((fraction + Vector512<float>.One).AsInt32() + Vector512.ShiftLeft(exponent, 23)).AsSingle();
        Vector512<float> positive = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(x, Vector512.Create(-87.33654f)), scaled, Vector512<float>.Zero);
        return Vector512.ConditionalSelect(Vector512.LessThanOrEqual(x, Vector512.Create(88.72283f)), positive, x + Vector512.Create(float.PositiveInfinity));
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));

    /// <summary>tanh x = (e^2x - 1) / (e^2x + 1), where e^2x - 1 is computed without cancellation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Tanh(Vector512<float> x)
    {
        Vector512<float> magnitude = Vector512.Abs(x) + Vector512.Abs(x);
        Vector512<float> farEnough = Vector512.Create(40f);
        magnitude = Vector512.ConditionalSelect(Vector512.GreaterThan(magnitude, farEnough), farEnough, magnitude);
        Vector512<float> fraction = ExpFraction(magnitude, out Vector512<int> exponent);
        Vector512<float> scale = (Vector512<float>.One.AsInt32() + Vector512.ShiftLeft(exponent, 23)).AsSingle();
        Vector512<float> lessOne = Vector512.FusedMultiplyAdd(scale, fraction, scale - Vector512<float>.One);
        Vector512<float> result = lessOne / (lessOne + Vector512.Create(2f));
        return result | (x & Vector512.Create(-0f));
    }

    /// <summary>log x within 2 ulp; -infinity at 0, NaN below.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Log(Vector512<float> x)
    {
        Vector512<float> subnormal = Vector512.LessThan(x, Vector512.Create(1.17549435e-38f));
        Vector512<float> normal = Vector512.ConditionalSelect(subnormal, x * Vector512.Create(8388608f), x);
        // x = 2^exponent (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)).
        Vector512<int> exponent = Vector512.ShiftRightArithmetic(normal.AsInt32() - Vector512.Create(0x3f3504f3), 23);
        Vector512<float> f = (normal.AsInt32() - Vector512.ShiftLeft(exponent, 23)).AsSingle() - Vector512<float>.One;
        Vector512<float> e = Vector512.ConvertToSingle(exponent) - (subnormal & Vector512.Create(23f));
        Vector512<float> square = f * f;
        Vector512<float> q = Vector512.Create(-0.07902813f);
        q = Vector512.FusedMultiplyAdd(q, f, Vector512.Create(0.12622419f));
        q = Vector512.FusedMultiplyAdd(q, f, Vector512.Create(-0.12998202f));
        q = Vector512.FusedMultiplyAdd(q, f, Vector512.Create(0.14214486f));
        q = Vector512.FusedMultiplyAdd(q, f, Vector512.Create(-0.16641279f));
        q = Vector512.FusedMultiplyAdd(q, f, Vector512.Create(0.20001045f));
        q = Vector512.FusedMultiplyAdd(q, f, Vector512.Create(-0.25000307f));
        q = Vector512.FusedMultiplyAdd(q, f, Vector512.Create(0.33333331f));
        Vector512<float> rest = Vector512.FusedMultiplyAdd(q, f * square, e * Vector512.Create(LogOfTwoLow));
        rest = Vector512.FusedMultiplyAdd(square, Vector512.Create(-0.5f), rest);
        Vector512<float> result = Vector512.FusedMultiplyAdd(e, Vector512.Create(LogOfTwoHigh), f + rest);
        Vector512<float> ordinary = Vector512.GreaterThan(x, Vector512<float>.Zero) & Vector512.LessThan(x, Vector512.Create(float.PositiveInfinity));
        // The root is NaN below zero and x itself at infinity and NaN.
        Vector512<float> special = Vector512.ConditionalSelect(Vector512.Equals(x, Vector512<float>.Zero), Vector512.Create(float.NegativeInfinity), Vector512.Sqrt(x));
        return Vector512.ConditionalSelect(ordinary, result, special);
    }

    /// <summary>log of one number, with the bits of <see cref="Log(Vector512{float})"/>.</summary>
    public static float Log(float x) => Log(Vector512.Create(x)).ToScalar();

    /// <summary>
    /// Φ(x) = (1 + erf(x / √2)) / 2, exact to a few ulp in both tails: Φ(-a) = e^(-a²/2) t P(t) with t = 1 / (1 + 0.3 a)
    /// (the form of Abramowitz and Stegun 7.1.26).
    /// </summary>
    /// <param name="x">Any numbers.</param>
    /// <param name="density">e^(-x²/2) / √(2π), the derivative.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> NormalDistribution(Vector512<float> x, out Vector512<float> density)
    {
        Vector512<float> a = Vector512.Abs(x);
        Vector512<float> farEnough = Vector512.Create(14f);
        a = Vector512.ConditionalSelect(Vector512.GreaterThan(a, farEnough), farEnough, a);
        Vector512<float> t = Vector512<float>.One / Vector512.FusedMultiplyAdd(a, Vector512.Create(0.3f), Vector512<float>.One);
        Vector512<float> p = Vector512.Create(-0.020830041f);
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.11359013f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(-0.23100232f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.19559494f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(-0.082659245f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.097922124f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.077772960f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.11036804f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.11955593f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.11968750f));
        // The rounding error of the square, which the exponential would magnify.
        Vector512<float> square = a * a;
        Vector512<float> lost = Vector512.FusedMultiplyAdd(a, a, -square);
        Vector512<float> gaussian = Exp(square * Vector512.Create(-0.5f));
        gaussian = Vector512.FusedMultiplyAdd(gaussian, lost * Vector512.Create(-0.5f), gaussian);
        density = gaussian * Vector512.Create(0.39894228f);
        Vector512<float> tail = gaussian * (t * p);
        return Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<float>.Zero), tail, Vector512<float>.One - tail);
    }

    /// <summary>e^r - 1 for r = x - exponent · log 2 in [-log 2 / 2, log 2 / 2]; the exponent's low 9 bits are right, as a shift by 23 needs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> ExpFraction(Vector512<float> x, out Vector512<int> exponent)
    {
        Vector512<float> shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(1.44269504f), Vector512.Create(RoundingShift));
        exponent = shifted.AsInt32();
        Vector512<float> n = shifted - Vector512.Create(RoundingShift);
        Vector512<float> r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-LogOfTwoHigh), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-LogOfTwoLow), r);
        Vector512<float> q = Vector512.Create(0.0013926184f);
        q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(0.0083631789f));
        q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(0.041666556f));
        q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(0.16666576f));
        q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(0.5f));
        return Vector512.FusedMultiplyAdd(q, r * r, r);
    }
}
