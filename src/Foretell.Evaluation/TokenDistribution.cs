using System.Numerics;
using System.Runtime.InteropServices;

namespace Foretell.Evaluation;

/// <summary>
/// The probabilities of the next token as whole numbers, as an arithmetic coder needs them. They depend on nothing but the bits of the
/// logits: element-wise arithmetic that IEEE 754 specifies to the last bit (no library exponential, no fused operations), and sums of
/// integers only, so that the vector width, the machine and the number of threads leave no trace.
/// <code>
/// w[i] = exp(logit[i] - max)                  in (0, 1], accurate to 1e-10
/// f[i] = 1 + round(w[i] · (2^36 - 2V) / Σw)   V tokens, so Σf ≤ 2^36
/// </code>
/// A token costs at most 10^-5 bits more than under the exact probabilities, for vocabularies up to 200,000.
/// </summary>
public sealed class TokenDistribution
{
    /// <summary>No total exceeds this.</summary>
    public const long LargestTotal = 1L << 36;

    private const double WeightUnit = 1L << 40;
    // Adding 2^52 to a number from 0 to 2^51 rounds it to a whole number and leaves that number in the low bits.
    private const double ToWhole = 1L << 52;
    // The same for negative numbers too; the whole number is then relative to these bits.
    private const double ToWholeSigned = 1.5 * (1L << 52);
    private const double LowestExponent = -64;

    private readonly float[] _logits;
    private readonly double[] _weights;
    private readonly long[] _frequencies;
    private float _largest;
    private long _weightSum;

    /// <param name="vocabularySize">Number of tokens, 1 to 2^24.</param>
    public TokenDistribution(int vocabularySize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vocabularySize, 1 << 24);
        VocabularySize = vocabularySize;
        int lanes = Vector<float>.Count;
        int padded = (vocabularySize + lanes - 1) / lanes * lanes;
        _logits = new float[padded];
        _logits.AsSpan(vocabularySize).Fill(float.NegativeInfinity);
        _weights = new double[padded];
        _frequencies = new long[padded];
    }

    public int VocabularySize { get; }

    /// <summary>Sum of all frequencies, at most <see cref="LargestTotal"/>; 0 before the first <see cref="Set"/>.</summary>
    public long Total { get; private set; }

    /// <summary>Takes the distribution softmax(<paramref name="logits"/>).</summary>
    /// <param name="logits">[vocabulary]; negative infinity is allowed (the token still gets a frequency of 1).</param>
    /// <exception cref="ArgumentException">The number of logits is not the vocabulary's.</exception>
    /// <exception cref="InvalidDataException">A logit is not a number or is positive infinity, or all are negative infinity.</exception>
    public void Set(ReadOnlySpan<float> logits)
    {
        if (logits.Length != VocabularySize)
        {
            throw new ArgumentException(FormattableString.Invariant($"{logits.Length} logits were given for a vocabulary of {VocabularySize}."), nameof(logits));
        }
        logits.CopyTo(_logits);
        _largest = Largest();
        Weigh();
        Quantize();
    }

    /// <summary>-ln p(token) under the exact probabilities, to an accuracy of 10^-6.</summary>
    public double Nats(int token) => Math.Log(_weightSum / WeightUnit) - ((double)_logits[token] - _largest);

    /// <summary>The token's share of <see cref="Total"/>, at least 1.</summary>
    public long Frequency(int token)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)token, (uint)VocabularySize, nameof(token));
        return _frequencies[token];
    }

    /// <summary>The token's part of [0, Total).</summary>
    public (long Start, long Length) Interval(int token)
    {
        long length = Frequency(token);
        return (Sum(_frequencies.AsSpan(0, token)), length);
    }

    /// <summary>The token in whose part <paramref name="value"/> lies, and the part.</summary>
    /// <param name="value">In [0, Total).</param>
    public (int Token, long Start, long Length) Find(long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(value, Total);
        const int Block = 256;
        long start = 0;
        int token = 0;
        while (token + Block <= VocabularySize)
        {
            long block = Sum(_frequencies.AsSpan(token, Block));
            if (value < start + block)
            {
                break;
            }
            start += block;
            token += Block;
        }
        while (value >= start + _frequencies[token])
        {
            start += _frequencies[token++];
        }
        return (token, start, _frequencies[token]);
    }

    private float Largest()
    {
        float largest = float.NegativeInfinity;
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(_logits);
        Vector<float> best = new(float.NegativeInfinity);
        bool numbers = true;
        foreach (Vector<float> vector in vectors)
        {
            numbers &= Vector.EqualsAll(vector, vector);
            best = Vector.Max(best, vector);
        }
        for (int lane = 0; lane < Vector<float>.Count; lane++)
        {
            largest = Math.Max(largest, best[lane]);
        }
        return numbers && float.IsFinite(largest)
            ? largest
            : throw new InvalidDataException("The model's logits are not finite numbers; its weights are damaged or its training diverged.");
    }

    private void Weigh()
    {
        ReadOnlySpan<Vector<float>> logits = MemoryMarshal.Cast<float, Vector<float>>(_logits);
        Span<Vector<double>> weights = MemoryMarshal.Cast<double, Vector<double>>(_weights.AsSpan());
        var largest = new Vector<double>(_largest);
        for (int index = 0; index < logits.Length; index++)
        {
            Vector.Widen(logits[index], out Vector<double> low, out Vector<double> high);
            weights[2 * index] = Exponential(low - largest);
            weights[2 * index + 1] = Exponential(high - largest);
        }
        _weights.AsSpan(VocabularySize).Clear();
        var unit = new Vector<double>(WeightUnit);
        var toWhole = new Vector<double>(ToWhole);
        Vector<long> sum = Vector<long>.Zero;
        foreach (Vector<double> weight in weights)
        {
            sum += Vector.AsVectorInt64(weight * unit + toWhole) - Vector.AsVectorInt64(toWhole);
        }
        _weightSum = Vector.Sum(sum);
    }

    private void Quantize()
    {
        // Rounding moves the sum of the weights by V/2 at most, and that of the frequencies by V/2 more; each gets 1 on top.
        double scale = (LargestTotal - 2.0 * VocabularySize) / (_weightSum + (double)VocabularySize) * WeightUnit;
        var scales = new Vector<double>(scale);
        var toWhole = new Vector<double>(ToWhole);
        Vector<long> offset = Vector.AsVectorInt64(toWhole) - Vector<long>.One;
        ReadOnlySpan<Vector<double>> weights = MemoryMarshal.Cast<double, Vector<double>>(_weights);
        Span<Vector<long>> frequencies = MemoryMarshal.Cast<long, Vector<long>>(_frequencies.AsSpan());
        for (int index = 0; index < weights.Length; index++)
        {
            frequencies[index] = Vector.AsVectorInt64(weights[index] * scales + toWhole) - offset;
        }
        _frequencies.AsSpan(VocabularySize).Clear();
        Total = Sum(_frequencies);
    }

    /// <summary>e^x for x ≤ 0, zero below e^-64 as far as the frequencies can tell: 2^n · e^r with n whole and |r| ≤ ln(2)/2, e^r by its Taylor series to r^9.</summary>
    private static Vector<double> Exponential(Vector<double> x)
    {
        x = Vector.Max(x, new Vector<double>(LowestExponent));
        Vector<double> binary = x * new Vector<double>(1.4426950408889634);
        var toWhole = new Vector<double>(ToWholeSigned);
        Vector<double> shifted = binary + toWhole;
        Vector<double> r = (binary - (shifted - toWhole)) * new Vector<double>(0.6931471805599453);
        Vector<double> series = new(1.0 / 362880);
        series = series * r + new Vector<double>(1.0 / 40320);
        series = series * r + new Vector<double>(1.0 / 5040);
        series = series * r + new Vector<double>(1.0 / 720);
        series = series * r + new Vector<double>(1.0 / 120);
        series = series * r + new Vector<double>(1.0 / 24);
        series = series * r + new Vector<double>(1.0 / 6);
        series = series * r + new Vector<double>(0.5);
        series = series * r + Vector<double>.One;
        series = series * r + Vector<double>.One;
        Vector<long> exponent = Vector.AsVectorInt64(shifted) - Vector.AsVectorInt64(toWhole) + new Vector<long>(1023);
        return series * Vector.AsVectorDouble(Vector.ShiftLeft(exponent, 52));
    }

    private static long Sum(ReadOnlySpan<long> values)
    {
        ReadOnlySpan<Vector<long>> vectors = MemoryMarshal.Cast<long, Vector<long>>(values);
        Vector<long> sums = Vector<long>.Zero;
        foreach (Vector<long> vector in vectors)
        {
            sums += vector;
        }
        long sum = Vector.Sum(sums);
        foreach (long value in values[(vectors.Length * Vector<long>.Count)..])
        {
            sum += value;
        }
        return sum;
    }
}
