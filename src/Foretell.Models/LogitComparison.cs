using Foretell.Tensors;
using Foretell.Tensors.Autograd;

namespace Foretell.Models;

/// <summary>How the logits of one model compare with those of another on the same text.</summary>
/// <param name="Tokens">Positions that were compared.</param>
/// <param name="AreEqual">Whether they are the same bits.</param>
/// <param name="LargestDifference">Of any logit.</param>
/// <param name="RelativeError">Root mean squared difference over the root mean square of the first model's, both without each position's mean, which probabilities don't depend on.</param>
/// <param name="Divergence">Mean Kullback-Leibler divergence in nats a token, of the second from the first.</param>
/// <param name="SameChoice">Share of positions at which both find the same token likeliest.</param>
/// <param name="AllowedError">The largest <paramref name="RelativeError"/> that the change of types explains.</param>
public sealed record LogitComparison(int Tokens, bool AreEqual, double LargestDifference, double RelativeError, double Divergence, double SameChoice, double AllowedError)
{
    /// <summary>Whether the second model may be taken for the first.</summary>
    public bool IsWithinTolerance => RelativeError <= AllowedError;

    /// <summary>
    /// What rounding weights to these types may change logits by: several times what it does to trained models,
    /// more than to random ones of twenty layers, and below the 1.4 of unrelated ones. Without any, the order of additions alone may differ.
    /// </summary>
    internal static double Tolerance(IEnumerable<DType> changes) => changes.Select(type => type switch
    {
        DType.Float32 => 1e-4,
        DType.Float16 => 0.02,
        DType.BFloat16 => 0.1,
        DType.Q8_0 => 0.15,
        DType.Q6_K => 0.3,
        _ => 1,
    }).DefaultIfEmpty(1e-4).Max();

    /// <summary>The logits after each token, [tokens × vocabulary].</summary>
    internal static float[] Logits(Transformer model, int[] ids)
    {
        using var tape = new Tape(model.Device, recording: false);
        return model.Logits(tape, model.Hidden(tape, TokenBatch.Single(ids))).ToArray();
    }

    internal static LogitComparison Of(float[] first, float[] second, int vocabulary, double allowed)
    {
        int tokens = first.Length / vocabulary;
        double largest = 0, differences = 0, squares = 0, divergence = 0;
        int same = 0;
        for (int token = 0; token < tokens; token++)
        {
            ReadOnlySpan<float> left = first.AsSpan(token * vocabulary, vocabulary), right = second.AsSpan(token * vocabulary, vocabulary);
            (double leftMean, double leftNormal, int leftChoice) = Summary(left);
            (double rightMean, double rightNormal, int rightChoice) = Summary(right);
            for (int id = 0; id < vocabulary; id++)
            {
                double difference = right[id] - rightMean - (left[id] - leftMean);
                largest = Math.Max(largest, Math.Abs((double)right[id] - left[id]));
                differences += difference * difference;
                squares += (left[id] - leftMean) * (left[id] - leftMean);
                divergence += Math.Exp(left[id] - leftNormal) * (left[id] - leftNormal - (right[id] - rightNormal));
            }
            same += leftChoice == rightChoice ? 1 : 0;
        }
        double relative = differences == 0 ? 0 : squares > 0 ? Math.Sqrt(differences / squares) : double.PositiveInfinity;
        // What is not a number is no match; comparisons with NaN are false.
        return new LogitComparison(tokens, first.AsSpan().SequenceEqual(second), largest, double.IsNaN(relative) ? double.PositiveInfinity : relative, Math.Max(0, divergence / tokens), (double)same / tokens, allowed);
    }

    /// <summary>The mean, the logarithm of the summed exponentials, and the likeliest id.</summary>
    private static (double Mean, double Normalizer, int Choice) Summary(ReadOnlySpan<float> logits)
    {
        int choice = 0;
        double mean = 0;
        for (int id = 0; id < logits.Length; id++)
        {
            mean += logits[id];
            choice = logits[id] > logits[choice] ? id : choice;
        }
        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp(logit - logits[choice]);
        }
        return (mean / logits.Length, logits[choice] + Math.Log(sum), choice);
    }
}
