namespace Foretell.Evaluation.Doubt;

/// <summary>
/// How sure a model is of an answer by a trained head: logistic regression on the hidden state at the answer's end
/// (P(True) as a probe, <see href="https://arxiv.org/abs/2207.05221">Kadavath et al. 2022</see>, section 5).
/// <code>
/// p(right | h) = σ(w · (h - μ)/s + b)         loss = -1/n Σ log p(outcome) + λ/2 |w|²
/// </code>
/// Minimised by Nesterov's accelerated gradient with the step 1/L, L a bound of the curvature; no randomness.
/// </summary>
public sealed class ConfidenceHead
{
    private readonly double[] _mean, _scale, _weight;
    private readonly double _bias;

    private ConfidenceHead(double[] mean, double[] scale, double[] weight, double bias) => (_mean, _scale, _weight, _bias) = (mean, scale, weight, bias);

    /// <summary>The hidden states' size.</summary>
    public int Size => _weight.Length;

    /// <summary>Trains a head.</summary>
    /// <param name="hidden">Hidden states, all of one size; at least one of a right and one of a wrong answer.</param>
    /// <param name="isRight">Whether each one's answer was right.</param>
    /// <param name="decay">λ, at least 0. Default 0.01.</param>
    /// <param name="steps">At least 1. Default 500.</param>
    /// <exception cref="ArgumentException">The lists do not match, a state is of another size or not finite, or all outcomes are the same.</exception>
    public static ConfidenceHead Train(IReadOnlyList<float[]> hidden, IReadOnlyList<bool> isRight, double decay = 0.01, int steps = 500)
    {
        Require(hidden, isRight);
        ArgumentOutOfRangeException.ThrowIfNegative(decay);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        int count = hidden.Count, size = hidden[0].Length;
        (double[] mean, double[] scale) = Moments(hidden);
        double[][] rows = [.. hidden.Select(state => Standardised(state, mean, scale))];
        // |∇²| ≤ 1/4 · mean |x|² + λ, the bias counting as an x of 1.
        double curvature = (0.25 * rows.Average(row => 1 + row.Sum(x => x * x))) + decay;
        double[] weight = new double[size + 1], ahead = new double[size + 1], before = new double[size + 1], gradient = new double[size + 1];
        double momentum = 1;
        for (int step = 0; step < steps; step++)
        {
            Array.Clear(gradient);
            for (int i = 0; i < count; i++)
            {
                double error = (Sigmoid(Score(rows[i], ahead, ahead[size])) - (isRight[i] ? 1 : 0)) / count;
                for (int j = 0; j < size; j++)
                {
                    gradient[j] += error * rows[i][j];
                }
                gradient[size] += error;
            }
            weight.CopyTo(before, 0);
            double next = (1 + Math.Sqrt(1 + (4 * momentum * momentum))) / 2;
            for (int j = 0; j <= size; j++)
            {
                weight[j] = ahead[j] - ((gradient[j] + (j < size ? decay * ahead[j] : 0)) / curvature);
                ahead[j] = weight[j] + ((momentum - 1) / next * (weight[j] - before[j]));
            }
            momentum = next;
        }
        return new ConfidenceHead(mean, scale, weight[..size], weight[size]);
    }

    /// <summary>The probability that the answer is right, in (0, 1).</summary>
    /// <param name="hidden">[<see cref="Size"/>]</param>
    public double Confidence(ReadOnlySpan<float> hidden)
    {
        if (hidden.Length != Size)
        {
            throw new ArgumentException($"A hidden state of {hidden.Length} numbers does not fit a head trained on {Size}.", nameof(hidden));
        }
        return Sigmoid(Score(Standardised(hidden, _mean, _scale), _weight, _bias));
    }

    private static void Require(IReadOnlyList<float[]> hidden, IReadOnlyList<bool> isRight)
    {
        if (hidden.Count != isRight.Count || hidden.Count == 0)
        {
            throw new ArgumentException($"There are {hidden.Count} hidden states and {isRight.Count} outcomes; expected as many, and at least two.", nameof(hidden));
        }
        if (isRight.All(one => one == isRight[0]))
        {
            throw new ArgumentException($"All answers are {(isRight[0] ? "right" : "wrong")}, so there is nothing to tell apart; give some of both.", nameof(isRight));
        }
        for (int i = 0; i < hidden.Count; i++)
        {
            if (hidden[i].Length != hidden[0].Length || !Array.TrueForAll(hidden[i], float.IsFinite))
            {
                throw new ArgumentException($"Hidden state {i} has {hidden[i].Length} numbers (the first has {hidden[0].Length}) or one that is not finite.", nameof(hidden));
            }
        }
    }

    private static (double[] Mean, double[] Scale) Moments(IReadOnlyList<float[]> hidden)
    {
        int size = hidden[0].Length;
        double[] mean = new double[size], scale = new double[size];
        for (int j = 0; j < size; j++)
        {
            mean[j] = hidden.Average(state => (double)state[j]);
            double deviation = Math.Sqrt(hidden.Average(state => (state[j] - mean[j]) * (state[j] - mean[j])));
            // What never changes tells nothing and must not be divided by.
            scale[j] = deviation > 1e-12 ? deviation : double.PositiveInfinity;
        }
        return (mean, scale);
    }

    private static double[] Standardised(ReadOnlySpan<float> state, double[] mean, double[] scale)
    {
        double[] row = new double[mean.Length];
        for (int j = 0; j < row.Length; j++)
        {
            row[j] = (state[j] - mean[j]) / scale[j];
        }
        return row;
    }

    private static double Score(double[] row, double[] weight, double bias)
    {
        double score = bias;
        for (int j = 0; j < row.Length; j++)
        {
            score += row[j] * weight[j];
        }
        return score;
    }

    private static double Sigmoid(double x) => x >= 0 ? 1 / (1 + Math.Exp(-x)) : Math.Exp(x) / (1 + Math.Exp(x));
}
