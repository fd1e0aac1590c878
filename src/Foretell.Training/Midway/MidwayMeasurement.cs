using Foretell.Inference;

namespace Foretell.Training;

/// <summary>What cutting at a threshold would have done to answers that are whole.</summary>
/// <param name="Threshold">0 where nothing is cut.</param>
/// <param name="Accuracy">Share of the problems whose answer by vote is right.</param>
/// <param name="Weighted">The same where votes weigh as much as their values.</param>
/// <param name="Best">The same where the answer of the highest value is taken.</param>
/// <param name="Tokens">Drawn, those of paths that were given up included.</param>
public readonly record struct CutOutcome(double Threshold, double Accuracy, double Weighted, double Best, long Tokens);

/// <summary>How well the values at one step foretold the verdict.</summary>
/// <param name="Step">From 1.</param>
/// <param name="Paths">Paths with so many steps.</param>
/// <param name="Right">Share of them whose answer is right.</param>
/// <param name="Discrimination">The probability that a right path has a higher value than a wrong one (area under the ROC curve); NaN where all are of one kind.</param>
/// <param name="CalibrationError">Expected calibration error over ten bins (Guo et al. 2017).</param>
/// <param name="Bins">Mean value and share right of each bin that holds any.</param>
public sealed record StepMeasurement(int Step, int Paths, double Right, double Discrimination, double CalibrationError, IReadOnlyList<(double Value, double Right, int Paths)> Bins);

/// <summary>A value function on problems that it did not learn from.</summary>
/// <param name="paths">Several of each problem.</param>
public sealed class MidwayMeasurement(IReadOnlyList<ValuedPath> paths)
{
    private const int BinCount = 10;

    public IReadOnlyList<ValuedPath> Paths { get; } = paths;

    /// <summary>Thresholds worth a look: 0, and from one in a hundred on.</summary>
    public static IReadOnlyList<double> Thresholds { get; } = [0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7];

    /// <summary>The outcome at each of the <see cref="Thresholds"/>.</summary>
    public IReadOnlyList<CutOutcome> Outcomes { get; } = [.. Thresholds.Select(threshold => Cut(paths, threshold))];

    /// <summary>The measures of each step that at least 20 paths have.</summary>
    public IReadOnlyList<StepMeasurement> Steps()
    {
        var steps = new List<StepMeasurement>();
        for (int step = 0; ; step++)
        {
            ValuedPath[] there = [.. Paths.Where(path => path.Values.Count > step)];
            if (there.Length < 20)
            {
                return steps;
            }
            steps.Add(Measure(step + 1, [.. there.Select(path => (path.Values[step], path.IsRight))]));
        }
    }

    /// <summary>The threshold that saves most tokens among those that lose no accuracy; 0 where none saves any.</summary>
    public double ChooseThreshold()
    {
        CutOutcome whole = Outcomes[0];
        return Outcomes.Where(outcome => outcome.Accuracy >= whole.Accuracy).MinBy(outcome => outcome.Tokens).Threshold;
    }

    /// <summary>Gives up what falls under a threshold, and votes among the rest; where none is left, the likeliest path is drawn to its end after all.</summary>
    public static CutOutcome Cut(IReadOnlyList<ValuedPath> paths, double threshold)
    {
        long tokens = 0;
        int problems = 0, right = 0, weighted = 0, best = 0;
        foreach (IGrouping<int, ValuedPath> problem in paths.GroupBy(path => path.Problem))
        {
            var whole = new List<ValuedPath>();
            (ValuedPath Path, double Value)? likeliest = null;
            foreach (ValuedPath path in problem)
            {
                int cut = path.CutAt(threshold);
                tokens += cut < 0 ? path.Tokens : path.Steps[cut];
                if (cut < 0)
                {
                    whole.Add(path);
                }
                else if (likeliest is null || path.Values[cut] > likeliest.Value.Value)
                {
                    likeliest = (path, path.Values[cut]);
                }
            }
            if (whole.Count == 0)
            {
                whole.Add(likeliest!.Value.Path);
                tokens += likeliest.Value.Path.Tokens;
            }
            string[] replies = [.. whole.Select(path => path.Reply)];
            problems++;
            right += whole[AnswerVote.Majority(replies)].IsRight ? 1 : 0;
            weighted += whole[AnswerVote.Weighted(replies, [.. whole.Select(path => path.Last)])].IsRight ? 1 : 0;
            best += whole.MaxBy(path => path.Last)!.IsRight ? 1 : 0;
        }
        return new CutOutcome(threshold, (double)right / problems, (double)weighted / problems, (double)best / problems, tokens);
    }

    private static StepMeasurement Measure(int step, (double Value, bool IsRight)[] values)
    {
        var bins = new List<(double, double, int)>();
        double error = 0;
        foreach (var bin in values.GroupBy(entry => Math.Min(BinCount - 1, (int)(entry.Value * BinCount))).OrderBy(bin => bin.Key))
        {
            double value = bin.Average(entry => entry.Value);
            double right = bin.Average(entry => entry.IsRight ? 1.0 : 0.0);
            bins.Add((value, right, bin.Count()));
            error += Math.Abs(value - right) * bin.Count() / values.Length;
        }
        return new StepMeasurement(step, values.Length, values.Average(entry => entry.IsRight ? 1.0 : 0.0), Discrimination(values), error, bins);
    }

    /// <summary>By ranks (Mann and Whitney 1947); equal values count half.</summary>
    private static double Discrimination((double Value, bool IsRight)[] values)
    {
        long positives = values.LongCount(entry => entry.IsRight);
        long negatives = values.Length - positives;
        if (positives == 0 || negatives == 0)
        {
            return double.NaN;
        }
        double ranks = 0;
        long before = 0;
        foreach (var tied in values.GroupBy(entry => entry.Value).OrderBy(group => group.Key))
        {
            int count = tied.Count();
            ranks += tied.Count(entry => entry.IsRight) * (before + ((count + 1) / 2.0));
            before += count;
        }
        return (ranks - (positives * (positives + 1) / 2.0)) / ((double)positives * negatives);
    }
}
