namespace Foretell.Nn.Optimizers;

/// <summary>
/// Tells when a step's loss or gradient norm lies far outside of what came before, so that the step can be skipped: its
/// distance from a moving mean in moving standard deviations (z-score). Skipped values do not enter the statistics, unless
/// ten follow each other: then they are how things are now, and skipping on would never end.
/// </summary>
/// <param name="threshold">Standard deviations above the mean from which a value is an outlier; infinity never skips.</param>
public sealed class SpikeGuard(double threshold)
{
    private const double Memory = 0.98;
    private const int StepsBeforeJudging = 50;
    private const int SkippedInARow = 10;

    /// <summary>What is remembered, for a checkpoint.</summary>
    public SpikeStatistics Statistics { get; set; }

    /// <summary>Judges a step and, when it is no outlier, learns from it.</summary>
    /// <returns>One sentence that says what was out of line, or null.</returns>
    public string? Judge(double loss, double gradientNorm)
    {
        SpikeStatistics s = Statistics;
        // The logarithm of the norm: norms vary by factors.
        double norm = Math.Log(gradientNorm + 1e-30);
        if (s.Count >= StepsBeforeJudging && s.Skipped < SkippedInARow)
        {
            double lossScore = Score(loss, s.LossMean, s.LossVariance);
            double normScore = Score(norm, s.NormMean, s.NormVariance);
            if (lossScore > threshold || normScore > threshold)
            {
                Statistics = s with { Skipped = s.Skipped + 1 };
                return FormattableString.Invariant($"loss {loss:F4} is {lossScore:F1} and gradient norm {gradientNorm:G4} is {normScore:F1} standard deviations above its moving mean (limit {threshold:F1})");
            }
        }
        double weight = Math.Max(1 - Memory, 1.0 / (s.Count + 1));
        Statistics = new SpikeStatistics(
            s.Count + 1,
            s.LossMean + weight * (loss - s.LossMean),
            (1 - weight) * (s.LossVariance + weight * (loss - s.LossMean) * (loss - s.LossMean)),
            s.NormMean + weight * (norm - s.NormMean),
            (1 - weight) * (s.NormVariance + weight * (norm - s.NormMean) * (norm - s.NormMean)),
            0);
        return null;
    }

    private static double Score(double value, double mean, double variance) => (value - mean) / Math.Sqrt(variance + 1e-6);
}

/// <summary>Moving means and variances of the loss and of the logarithm of the gradient norm.</summary>
/// <param name="Count">Steps learned from.</param>
/// <param name="Skipped">Steps skipped since the last one learned from.</param>
public readonly record struct SpikeStatistics(long Count, double LossMean, double LossVariance, double NormMean, double NormVariance, int Skipped);
