using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Foretell.Tensors.Kernels.Cpu;

/// <summary>
/// The passes over a vocabulary that drawing a token needs, sixteen scores at a time. Built of operations that IEEE 754
/// rounds exactly, in one order, so that every processor gives the same bits.
/// </summary>
public static unsafe class TokenScores
{
    /// <summary>Tokens a sum and a maximum of <see cref="Weights"/> stand for.</summary>
    public const int BlockLength = 4 * Lanes.Count;

    /// <summary>Blocks of a vocabulary, the last perhaps not whole.</summary>
    public static int BlockCount(int vocabulary) => (vocabulary + BlockLength - 1) / BlockLength;

    /// <summary>The first index of the largest score; where one is not a number, the complement (~) of the first such index.</summary>
    /// <param name="scores">[vocabulary], at least one.</param>
    public static int Largest(ReadOnlySpan<float> scores)
    {
        fixed (float* x = scores)
        {
            int count = scores.Length;
            float largest = LargestOf(x, count, out bool numbers);
            if (!numbers)
            {
                int bad = 0;
                while (!float.IsNaN(x[bad]))
                {
                    bad++;
                }
                return ~bad;
            }
            return scores.IndexOf(largest);
        }
    }

    /// <summary>
    /// w = e^((score - largest) / temperature), in [0, 1]; each <see cref="BlockLength"/> tokens' sum and maximum beside
    /// them. Weights below 2^-126 are 0.
    /// </summary>
    /// <param name="scores">[vocabulary].</param>
    /// <param name="largest">The largest score, finite.</param>
    /// <param name="temperature">Above 0.</param>
    /// <param name="weights">[vocabulary].</param>
    /// <param name="sums">[blocks].</param>
    /// <param name="maxima">[blocks].</param>
    public static void Weights(ReadOnlySpan<float> scores, float largest, float temperature, Span<float> weights, Span<float> sums, Span<float> maxima)
    {
        if (weights.Length < scores.Length || sums.Length < BlockCount(scores.Length) || maxima.Length < BlockCount(scores.Length))
        {
            throw new ArgumentException($"token scores: {scores.Length} scores need as many weights and {BlockCount(scores.Length)} blocks; there are {weights.Length}, {sums.Length} and {maxima.Length}.");
        }
        fixed (float* x = scores, w = weights, s = sums, m = maxima)
        {
            WeightsOf(x, scores.Length, largest, temperature, w, s, m);
        }
    }

    /// <summary>Writes the indices of the weights above 0 and at least <paramref name="threshold"/>, in order, and returns how many there are.</summary>
    /// <param name="ids">As long as the weights.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int AtLeast(ReadOnlySpan<float> weights, float threshold, Span<int> ids)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ids.Length, weights.Length);
        threshold = MathF.Max(threshold, float.Epsilon);
        Vector512<float> wanted = Vector512.Create(threshold);
        int count = 0;
        fixed (float* w = weights)
        {
            int i = 0;
            for (; i + Lanes.Count <= weights.Length; i += Lanes.Count)
            {
                ulong found = Vector512.GreaterThanOrEqual(Vector512.Load(w + i), wanted).ExtractMostSignificantBits();
                for (; found != 0; found &= found - 1)
                {
                    ids[count++] = i + BitOperations.TrailingZeroCount(found);
                }
            }
            for (; i < weights.Length; i++)
            {
                if (w[i] >= threshold)
                {
                    ids[count++] = i;
                }
            }
        }
        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float LargestOf(float* x, int count, out bool numbers)
    {
        Vector512<float> first = Lanes.Rest(x, count, float.NegativeInfinity);
        Vector512<float> second = first;
        Vector512<float> ordered = Vector512.Equals(first, first);
        int i = 0;
        for (; i + 2 * Lanes.Count <= count; i += 2 * Lanes.Count)
        {
            Vector512<float> a = Vector512.Load(x + i);
            Vector512<float> b = Vector512.Load(x + i + Lanes.Count);
            ordered &= Vector512.Equals(a, a) & Vector512.Equals(b, b);
            first = Vector512.MaxNative(first, a);
            second = Vector512.MaxNative(second, b);
        }
        if (i + Lanes.Count <= count)
        {
            Vector512<float> a = Vector512.Load(x + i);
            ordered &= Vector512.Equals(a, a);
            first = Vector512.MaxNative(first, a);
        }
        numbers = ordered.ExtractMostSignificantBits() == (1UL << Lanes.Count) - 1;
        return Lanes.Maximum(Vector512.MaxNative(first, second));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WeightsOf(float* x, int count, float largest, float temperature, float* weights, float* sums, float* maxima)
    {
        Vector512<float> shift = Vector512.Create(largest);
        Vector512<float> divisor = Vector512.Create(temperature);
        int block = 0;
        for (int start = 0; start < count; start += BlockLength, block++)
        {
            int end = Math.Min(count, start + BlockLength);
            Vector512<float> sum = Vector512<float>.Zero;
            Vector512<float> maximum = Vector512<float>.Zero;
            int i = start;
            for (; i + Lanes.Count <= end; i += Lanes.Count)
            {
                Vector512<float> weight = VectorMath.Exp((Vector512.Load(x + i) - shift) / divisor);
                sum += weight;
                maximum = Vector512.MaxNative(maximum, weight);
                weight.Store(weights + i);
            }
            if (i < end)
            {
                Vector512<float> weight = VectorMath.Exp((Lanes.LoadPart(x + i, end - i, float.NegativeInfinity) - shift) / divisor);
                sum += weight;
                maximum = Vector512.MaxNative(maximum, weight);
                Lanes.StorePart(weight, weights + i, end - i);
            }
            sums[block] = Lanes.Sum(sum);
            maxima[block] = Lanes.Maximum(maximum);
        }
    }
}
