using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Foretell.Tensors.Kernels.Cpu.Attention;

/// <summary>
/// The element-wise part of attention, a row of scores at a time. Sums run over sixteen lanes by the key's index, so zeros
/// behind the last visible key change nothing.
/// </summary>
internal static unsafe class AttentionRows
{
    /// <summary>
    /// scores[j] become e^(scale · scores[j] - m), m the largest scale · scores[j]; zeros from <paramref name="visible"/> on.
    /// Not divided by their sum: that is left to the result.
    /// </summary>
    /// <param name="scores">[<paramref name="width"/>].</param>
    /// <param name="visible">Keys that count; at least 1.</param>
    /// <param name="width">A multiple of 16.</param>
    /// <param name="scale">Of the scores.</param>
    /// <param name="narrow">
    /// Whether the weights are rounded to bfloat16 and left as such in the row's first half. The sum is then that of the
    /// rounded ones, so that they still add up to 1.
    /// </param>
    /// <param name="sum">Of the weights.</param>
    /// <returns>m.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Exponentials(float* scores, int visible, int width, float scale, bool narrow, out float sum)
    {
        int whole = visible & ~(Lanes.Count - 1);
        Vector512<float> lastLanes = LastLanes(visible - whole);
        Vector512<float> scales = Vector512.Create(scale);
        float maximum = Maximum(scores, visible, scales, lastLanes);
        Vector512<float> shift = Vector512.Create(-maximum);
        Vector512<float> sums = Vector512<float>.Zero;
        int end = whole;
        if (narrow)
        {
            var weights = (ushort*)scores;
            for (int j = 0; j < whole; j += Lanes.Count)
            {
                sums += StoreRounded(VectorMath.Exp(Vector512.FusedMultiplyAdd(Vector512.Load(scores + j), scales, shift)), weights + j);
            }
            if (whole < visible)
            {
                Vector512<float> weight = VectorMath.Exp(Vector512.FusedMultiplyAdd(Vector512.Load(scores + whole), scales, shift));
                sums += StoreRounded(weight & lastLanes, weights + whole);
                end += Lanes.Count;
            }
        }
        else
        {
            for (int j = 0; j < whole; j += Lanes.Count)
            {
                Vector512<float> weight = VectorMath.Exp(Vector512.FusedMultiplyAdd(Vector512.Load(scores + j), scales, shift));
                sums += weight;
                weight.Store(scores + j);
            }
            if (whole < visible)
            {
                Vector512<float> weight = VectorMath.Exp(Vector512.FusedMultiplyAdd(Vector512.Load(scores + whole), scales, shift)) & lastLanes;
                sums += weight;
                weight.Store(scores + whole);
                end += Lanes.Count;
            }
        }
        Clear(scores, end, width, narrow);
        sum = Lanes.Sum(sums);
        return maximum;
    }

    /// <summary>
    /// scores[j] become the weights P = e^(scale · scores[j] - logSumExp), and gradients[j], dP so far, become
    /// dS = P · (dP - agreement) · scale; zeros from <paramref name="visible"/> on.
    /// </summary>
    /// <param name="scores">[<paramref name="width"/>].</param>
    /// <param name="gradients">[<paramref name="width"/>].</param>
    /// <param name="visible">Keys that count; may be 0.</param>
    /// <param name="width">A multiple of 16.</param>
    /// <param name="scale">Of the scores.</param>
    /// <param name="logSumExp">Of the whole row.</param>
    /// <param name="agreement">The row's result times its gradient.</param>
    /// <param name="narrow">Whether P and dS are rounded to bfloat16 and left as such in the rows' first halves.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gradients(float* scores, float* gradients, int visible, int width, float scale, float logSumExp, float agreement, bool narrow)
    {
        Vector512<float> scales = Vector512.Create(scale);
        Vector512<float> shift = Vector512.Create(-logSumExp);
        Vector512<float> agreements = Vector512.Create(agreement);
        int whole = visible & ~(Lanes.Count - 1);
        for (int j = 0; j < whole; j += Lanes.Count)
        {
            Vector512<float> weight = VectorMath.Exp(Vector512.FusedMultiplyAdd(Vector512.Load(scores + j), scales, shift));
            Vector512<float> gradient = weight * ((Vector512.Load(gradients + j) - agreements) * scales);
            if (narrow)
            {
                StoreRounded(weight, (ushort*)scores + j);
                StoreRounded(gradient, (ushort*)gradients + j);
            }
            else
            {
                weight.Store(scores + j);
                gradient.Store(gradients + j);
            }
        }
        if (whole < visible)
        {
            Vector512<float> lastLanes = LastLanes(visible - whole);
            Vector512<float> weight = VectorMath.Exp(Vector512.FusedMultiplyAdd(Vector512.Load(scores + whole), scales, shift));
            Vector512<float> gradient = (weight * ((Vector512.Load(gradients + whole) - agreements) * scales)) & lastLanes;
            weight &= lastLanes;
            if (narrow)
            {
                StoreRounded(weight, (ushort*)scores + whole);
                StoreRounded(gradient, (ushort*)gradients + whole);
            }
            else
            {
                weight.Store(scores + whole);
                gradient.Store(gradients + whole);
            }
            whole += Lanes.Count;
        }
        Clear(scores, whole, width, narrow);
        Clear(gradients, whole, width, narrow);
    }

    /// <summary>Σ a[i] b[i].</summary>
    public static float Dot(float* a, float* b, int count)
    {
        Vector512<float> sums = Vector512<float>.Zero;
        int i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            sums = Vector512.FusedMultiplyAdd(Vector512.Load(a + i), Vector512.Load(b + i), sums);
        }
        if (i < count)
        {
            sums = Vector512.FusedMultiplyAdd(Lanes.LoadPart(a + i, count - i), Lanes.LoadPart(b + i, count - i), sums);
        }
        return Lanes.Sum(sums);
    }

    /// <summary>
    /// destination[i] = source[i] / divisor. Zero is added: a negative zero would tell how many masked keys were added to
    /// a sum that underflowed.
    /// </summary>
    public static void Divide(float* source, float divisor, float* destination, int count)
    {
        Vector512<float> divisors = Vector512.Create(divisor);
        int i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            (Vector512.Load(source + i) / divisors + Vector512<float>.Zero).Store(destination + i);
        }
        for (; i < count; i++)
        {
            destination[i] = source[i] / divisor + 0f;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Maximum(float* scores, int count, Vector512<float> scales, Vector512<float> lastLanes)
    {
        Vector512<float> largest = Vector512.Create(float.NegativeInfinity);
        int j = 0;
        for (; j + Lanes.Count <= count; j += Lanes.Count)
        {
            largest = Vector512.MaxNative(Vector512.Load(scores + j) * scales, largest);
        }
        if (j < count)
        {
            Vector512<float> last = Vector512.ConditionalSelect(lastLanes, Vector512.Load(scores + j) * scales, largest);
            largest = Vector512.MaxNative(last, largest);
        }
        return Lanes.Maximum(largest);
    }

    /// <summary>All bits set in the first <paramref name="count"/> lanes.</summary>
    private static Vector512<float> LastLanes(int count) => Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle();

    private static void Clear(float* row, int start, int end, bool narrow)
    {
        if (start < end && narrow)
        {
            new Span<ushort>((ushort*)row + start, end - start).Clear();
        }
        else if (start < end)
        {
            new Span<float>(row + start, end - start).Clear();
        }
    }

    /// <summary>Stores the nearest bfloat16 values, ties to even, and returns them as singles; NaN stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> StoreRounded(Vector512<float> x, ushort* destination)
    {
        Vector512<uint> bits = x.AsUInt32();
        Vector512<uint> upper = (bits + Vector512.Create(0x7fffu) + ((bits >>> 16) & Vector512.Create(1u))) >>> 16;
        upper = Vector512.ConditionalSelect(Vector512.Equals(x, x).AsUInt32(), upper, Vector512.Create(0x7fc0u));
        Vector256<ushort> narrow = Avx512F.IsSupported ? Avx512F.ConvertToVector256UInt16(upper) : Vector256.Narrow(upper.GetLower(), upper.GetUpper());
        narrow.Store(destination);
        return (upper << 16).AsSingle();
    }
}
