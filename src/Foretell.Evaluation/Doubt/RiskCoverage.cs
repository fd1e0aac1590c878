namespace Foretell.Evaluation.Doubt;

/// <summary>A point of the risk-coverage curve.</summary>
/// <param name="Threshold">Answers of at least this confidence are given.</param>
/// <param name="Coverage">Share of answers that are given, in (0, 1].</param>
/// <param name="Risk">Share of those that are wrong, in [0, 1].</param>
public readonly record struct RiskCoveragePoint(double Threshold, double Coverage, double Risk);

/// <summary>
/// Selective answering: the surest answers first, how many of the answers given are wrong?
/// <see href="https://arxiv.org/abs/1705.08500">Geifman and El-Yaniv 2017</see>; the area as the mean risk over all coverages.
/// <code>
/// risk(k) = wrong among the k surest / k        area = 1/n · Σk risk(k)
/// </code>
/// Departure: answers of equal confidence have no order, so each takes the mean over all their orders; the area then does not
/// depend on how the answers were listed.
/// </summary>
/// <param name="Points">One for each different confidence, surest first; the last covers everything.</param>
/// <param name="Area">In [0, 1]; less is better.</param>
/// <param name="BestArea">What a perfect order of the same answers would have: all right ones first.</param>
public sealed record RiskCoverage(IReadOnlyList<RiskCoveragePoint> Points, double Area, double BestArea)
{
    /// <summary>How far the order is from perfect; 0 is the best (E-AURC, <see href="https://arxiv.org/abs/1805.08206">Geifman et al. 2019</see>).</summary>
    public double ExcessArea => Area - BestArea;

    /// <summary>Computes curve and area.</summary>
    /// <exception cref="ArgumentException">There are no outcomes, or a confidence is outside [0, 1].</exception>
    public static RiskCoverage Of(IReadOnlyList<ScoredOutcome> outcomes)
    {
        ScoredOutcome.Require(outcomes);
        ScoredOutcome[] surest = [.. outcomes.OrderByDescending(outcome => outcome.Confidence)];
        var points = new List<RiskCoveragePoint>();
        double area = 0, wrong = 0;
        for (int start = 0; start < surest.Length;)
        {
            int end = start, wrongHere = 0;
            while (end < surest.Length && surest[end].Confidence == surest[start].Confidence)
            {
                wrongHere += surest[end++].IsRight ? 0 : 1;
            }
            // The expected number of wrong ones among the first i of the tie is i times their share.
            double share = (double)wrongHere / (end - start);
            for (int i = 1; i <= end - start; i++)
            {
                area += (wrong + (i * share)) / (start + i);
            }
            wrong += wrongHere;
            points.Add(new RiskCoveragePoint(surest[start].Confidence, (double)end / surest.Length, wrong / end));
            start = end;
        }
        double best = 0;
        int right = outcomes.Count(outcome => outcome.IsRight);
        for (int k = right + 1; k <= surest.Length; k++)
        {
            best += (double)(k - right) / k;
        }
        return new RiskCoverage(points, area / surest.Length, best / surest.Length);
    }

    /// <summary>The largest coverage whose risk is at most the given one; 0 where there is none.</summary>
    public double CoverageAt(double risk) => Points.Where(point => point.Risk <= risk).Select(point => point.Coverage).DefaultIfEmpty(0).Max();
}
