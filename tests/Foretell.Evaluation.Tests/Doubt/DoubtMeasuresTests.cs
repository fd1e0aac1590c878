using Foretell.Evaluation.Doubt;
using Foretell.Tensors;
using Foretell.World.Doubt;

namespace Foretell.Evaluation.Tests.Doubt;

public class DoubtMeasuresTests
{
    private static ScoredOutcome[] Outcomes(params (double Confidence, bool IsRight)[] pairs) => [.. pairs.Select(pair => new ScoredOutcome(pair.Confidence, pair.IsRight))];

    [Fact]
    public void RiskCoverage_ByHand_HasTheseRisks()
    {
        RiskCoverage curve = RiskCoverage.Of(Outcomes((0.5, false), (0.9, true), (0.7, true), (0.8, false), (0.6, true)));
        Assert.Equal([0, 1.0 / 2, 1.0 / 3, 1.0 / 4, 2.0 / 5], curve.Points.Select(point => point.Risk));
        Assert.Equal([0.2, 0.4, 0.6, 0.8, 1], curve.Points.Select(point => point.Coverage));
        // (0 + 1/2 + 1/3 + 1/4 + 2/5) / 5 and, with the right ones first, (1/4 + 2/5) / 5.
        Assert.Equal(89.0 / 300, curve.Area, 12);
        Assert.Equal(0.13, curve.BestArea, 12);
        Assert.Equal(0.8, curve.CoverageAt(0.3));
        Assert.Equal(0.2, curve.CoverageAt(0.1));
    }

    [Fact]
    public void RiskCoverage_WithTies_IsTheMeanOverAllTheirOrders()
    {
        ScoredOutcome[] outcomes = Outcomes((0.9, true), (0.9, false), (0.9, true), (0.4, false), (0.4, true), (0.2, false));
        double sum = 0;
        int orders = 0;
        foreach (ScoredOutcome[] order in Permutations(outcomes).Where(order => order.Zip(order.Skip(1)).All(pair => pair.First.Confidence >= pair.Second.Confidence)))
        {
            orders++;
            sum += Enumerable.Range(1, order.Length).Average(k => (double)order.Take(k).Count(outcome => !outcome.IsRight) / k);
        }
        Assert.Equal(3 * 2 * 2, orders);
        Assert.Equal(sum / orders, RiskCoverage.Of(outcomes).Area, 12);
        Assert.Equal(3, RiskCoverage.Of(outcomes).Points.Count);
    }

    [Fact]
    public void Calibration_ByHand_HasThisError()
    {
        CalibrationReport report = CalibrationReport.Of(Outcomes((0.95, true), (0.85, true), (0.85, false), (0.15, false)));
        Assert.Equal((0.05 + (2 * 0.35) + 0.15) / 4, report.Error, 12);
        Assert.Equal((0.0025 + 0.0225 + 0.7225 + 0.0225) / 4, report.Brier, 12);
        Assert.Equal([0, 1, 0, 0, 0, 0, 0, 0, 2, 1], report.Bins.Select(bin => bin.Right.Trials));
        Assert.Equal(1, report.Bins[8].Right.Successes);
        Assert.Equal(0, CalibrationReport.Of(Outcomes((1, true), (0, false))).Error);
        Assert.Equal(1, CalibrationReport.Of(Outcomes((1, false), (0, true))).Error);
    }

    [Fact]
    public void Measures_OfRandomOutcomes_AgreeWithAnIndependentComputation()
    {
        var random = new SeededRandom(3);
        for (int round = 0; round < 200; round++)
        {
            var outcomes = new List<ScoredOutcome>();
            for (int i = random.NextInt(60) + 1; i > 0; i--)
            {
                outcomes.Add(new ScoredOutcome(random.NextDouble(), random.NextInt(2) == 0));
            }
            double error = 0;
            for (int bin = 0; bin < 10; bin++)
            {
                var those = outcomes.Where(outcome => outcome.Confidence > bin * 0.1 && outcome.Confidence <= (bin + 1) * 0.1).ToList();
                error += those.Count == 0 ? 0 : those.Count * Math.Abs(those.Average(one => one.IsRight ? 1.0 : 0.0) - those.Average(one => one.Confidence)) / outcomes.Count;
            }
            Assert.Equal(error, CalibrationReport.Of(outcomes).Error, 10);

            // The area as the mean, over every answer as the threshold, of the risk of those at least as sure.
            double area = outcomes.Average(threshold => outcomes.Where(outcome => outcome.Confidence >= threshold.Confidence).Average(outcome => outcome.IsRight ? 0.0 : 1.0));
            RiskCoverage curve = RiskCoverage.Of(outcomes);
            Assert.Equal(area, curve.Area, 10);
            Assert.True(curve.ExcessArea >= -1e-12);
        }
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    public void Measures_OfABadConfidence_SayWhich(double confidence)
    {
        ScoredOutcome[] outcomes = Outcomes((0.5, true), (confidence, true));
        Assert.Contains("outcome 1", Assert.Throws<ArgumentException>(() => RiskCoverage.Of(outcomes)).Message);
        Assert.Throws<ArgumentException>(() => CalibrationReport.Of([]));
    }

    [Fact]
    public void Bootstrap_OfAShare_IsAboutTheNormalInterval()
    {
        bool[] items = [.. Enumerable.Range(0, 400).Select(i => i % 4 == 0)];
        static double Share(IReadOnlyList<bool> sample) => sample.Average(one => one ? 1.0 : 0.0);
        Estimate estimate = Bootstrap.Interval(items, Share, seed: 1);
        double half = 1.96 * Math.Sqrt(0.25 * 0.75 / 400);
        Assert.Equal(0.25, estimate.Value);
        Assert.InRange(estimate.Low, 0.25 - (1.25 * half), 0.25 - (0.8 * half));
        Assert.InRange(estimate.High, 0.25 + (0.8 * half), 0.25 + (1.25 * half));
        Assert.Equal(estimate, Bootstrap.Interval(items, Share, seed: 1));
        Assert.NotEqual(estimate, Bootstrap.Interval(items, Share, seed: 2));
    }

    [Fact]
    public void Report_OfCountedReplies_HasTheirShares()
    {
        DoubtVerdict right = new(DoubtReply.Right), wrong = new(DoubtReply.Wrong), unknown = new(DoubtReply.DoesNotKnow), both = new(DoubtReply.AsksBack, true), vague = new(DoubtReply.AsksBack);
        DoubtReport report = DoubtReport.Of(
        [
            new(DoubtKind.Answerable, right, 0.9), new(DoubtKind.Answerable, right, 0.8), new(DoubtKind.Answerable, wrong, 0.7), new(DoubtKind.Answerable, unknown, 0.1),
            new(DoubtKind.Unanswerable, unknown, 0.2), new(DoubtKind.Unanswerable, wrong, 0.3), new(DoubtKind.Unanswerable, vague),
            new(DoubtKind.Ambiguous, both), new(DoubtKind.Ambiguous, vague), new(DoubtKind.Ambiguous, unknown), new(DoubtKind.Ambiguous, wrong),
        ], seed: 4);
        Assert.Equal(new Proportion(2, 4), report.Accuracy);
        Assert.Equal(new Proportion(1, 4), report.Abstention);
        Assert.Equal(new Proportion(1, 3), report.HonestUnknowns);
        Assert.Equal(new Proportion(1, 4), report.Clarifications);
        Assert.Equal(new Proportion(2, 7), report.Hallucination);
        Assert.Equal(new Proportion(4, 11), report.Fitting);
        // The four claims with a confidence: right, right, wrong, wrong.
        Assert.Equal((0 + 0 + (1.0 / 3) + (2.0 / 4)) / 4, report.RiskArea!.Value.Value, 12);
        Assert.Equal(4, report.Calibration!.Bins.Sum(bin => bin.Right.Trials));
        Assert.Null(DoubtReport.Of([new(DoubtKind.Answerable, unknown)], seed: 4).Risk);
    }

    private static IEnumerable<T[]> Permutations<T>(T[] items) =>
        items.Length == 0 ? [[]] : Enumerable.Range(0, items.Length).SelectMany(at => Permutations((T[])[.. items[..at], .. items[(at + 1)..]]).Select(rest => (T[])[items[at], .. rest]));
}
