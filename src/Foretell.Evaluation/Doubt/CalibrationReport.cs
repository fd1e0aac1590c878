namespace Foretell.Evaluation.Doubt;

/// <summary>One bin of a reliability diagram.</summary>
/// <param name="Low">Confidences above this (the first bin: from 0).</param>
/// <param name="High">Up to and with this.</param>
/// <param name="Confidence">Mean confidence of the bin's answers; 0 where it is empty.</param>
/// <param name="Right">How many of them were right, with Wilson's interval.</param>
public readonly record struct ReliabilityBin(double Low, double High, double Confidence, Proportion Right);

/// <summary>
/// Whether confidence is what it says: of answers given with 80%, 80% should be right.
/// <code>
/// ECE = Σ bins  n_bin / n · |accuracy_bin - confidence_bin|
/// </code>
/// Bins of equal width, as in <see href="https://arxiv.org/abs/1706.04599">Guo et al. 2017</see>.
/// </summary>
/// <param name="Bins">In rising order, empty ones too.</param>
/// <param name="Error">The expected calibration error, in [0, 1].</param>
/// <param name="Brier">The mean squared distance of confidence and outcome (Brier 1950), in [0, 1].</param>
public sealed record CalibrationReport(IReadOnlyList<ReliabilityBin> Bins, double Error, double Brier)
{
    /// <summary>Computes bins and errors.</summary>
    /// <param name="outcomes">At least one.</param>
    /// <param name="bins">At least 1. Default 10.</param>
    /// <exception cref="ArgumentException">There are no outcomes, or a confidence is outside [0, 1].</exception>
    public static CalibrationReport Of(IReadOnlyList<ScoredOutcome> outcomes, int bins = 10)
    {
        ScoredOutcome.Require(outcomes);
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        int[] counts = new int[bins], right = new int[bins];
        double[] confidence = new double[bins];
        double brier = 0;
        foreach (ScoredOutcome outcome in outcomes)
        {
            int bin = Math.Clamp((int)Math.Ceiling(outcome.Confidence * bins) - 1, 0, bins - 1);
            counts[bin]++;
            right[bin] += outcome.IsRight ? 1 : 0;
            confidence[bin] += outcome.Confidence;
            brier += Math.Pow(outcome.Confidence - (outcome.IsRight ? 1 : 0), 2);
        }
        var report = new ReliabilityBin[bins];
        double error = 0;
        for (int bin = 0; bin < bins; bin++)
        {
            report[bin] = new ReliabilityBin((double)bin / bins, (double)(bin + 1) / bins, counts[bin] == 0 ? 0 : confidence[bin] / counts[bin], new Proportion(right[bin], counts[bin]));
            error += Math.Abs(right[bin] - confidence[bin]) / outcomes.Count;
        }
        return new CalibrationReport(report, error, brier / outcomes.Count);
    }
}
