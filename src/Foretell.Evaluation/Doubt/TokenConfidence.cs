namespace Foretell.Evaluation.Doubt;

/// <summary>How sure a model is of an answer by the probabilities of the tokens that it chose.</summary>
public static class TokenConfidence
{
    /// <summary>The probability of the whole answer: exp(Σ log p). Long answers come out unsure.</summary>
    /// <param name="logProbabilities">Of the answer's tokens, in nats, at most 0; at least one.</param>
    public static double Product(IReadOnlyList<double> logProbabilities) => Math.Exp(Sum(logProbabilities));

    /// <summary>The geometric mean of the tokens' probabilities: exp(1/n Σ log p), which does not count length.</summary>
    /// <param name="logProbabilities">Of the answer's tokens, in nats, at most 0; at least one.</param>
    public static double Mean(IReadOnlyList<double> logProbabilities) => Math.Exp(Sum(logProbabilities) / logProbabilities.Count);

    private static double Sum(IReadOnlyList<double> logProbabilities)
    {
        if (logProbabilities.Count == 0)
        {
            throw new ArgumentException("An answer without tokens has no probability; give at least one token's.", nameof(logProbabilities));
        }
        double sum = 0;
        foreach (double one in logProbabilities)
        {
            if (!(one <= 1e-6))
            {
                throw new ArgumentException(FormattableString.Invariant($"A log-probability is {one}; expected at most 0."), nameof(logProbabilities));
            }
            sum += Math.Min(one, 0);
        }
        return sum;
    }
}
