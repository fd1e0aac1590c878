namespace Foretell.Training;

/// <summary>Comparisons that a model was about equally sure of.</summary>
/// <param name="Confidence">Its mean probability that the answer it scores higher is the preferred one, in [0.5, 1].</param>
/// <param name="Accuracy">How often that was so.</param>
public readonly record struct CalibrationBin(double Confidence, double Accuracy, int Count);

/// <summary>
/// Whether σ(reward margin) is the probability that it claims to be: comparisons in bins of equal width of the confidence
/// σ(|margin|), and the expected calibration error, the mean distance of confidence and accuracy weighted by the bins'
/// counts (<see href="https://arxiv.org/abs/1706.04599">Guo et al. 2017</see>).
/// </summary>
public sealed record PairCalibration(IReadOnlyList<CalibrationBin> Bins, double ExpectedError)
{
    /// <param name="margins">Reward of the chosen answer less that of the rejected one.</param>
    /// <param name="bins">Number of bins between 0.5 and 1; empty ones are left out.</param>
    public static PairCalibration Of(IReadOnlyList<double> margins, int bins = 10)
    {
        var sums = new (double Confidence, double Right, int Count)[bins];
        foreach (double margin in margins)
        {
            double confidence = Logistic.Sigmoid(Math.Abs(margin));
            ref (double Confidence, double Right, int Count) bin = ref sums[Math.Min(bins - 1, (int)((confidence - 0.5) * 2 * bins))];
            bin = (bin.Confidence + confidence, bin.Right + (margin > 0 ? 1 : margin == 0 ? 0.5 : 0), bin.Count + 1);
        }
        var filled = sums.Where(bin => bin.Count > 0).Select(bin => new CalibrationBin(bin.Confidence / bin.Count, bin.Right / bin.Count, bin.Count)).ToList();
        return new PairCalibration(filled, filled.Sum(bin => bin.Count * Math.Abs(bin.Confidence - bin.Accuracy)) / Math.Max(1, margins.Count));
    }
}
