namespace Foretell.Training;

/// <summary>The rewards of one comparison, with what is known about it.</summary>
/// <param name="Chosen">Reward of the chosen answer.</param>
/// <param name="Rejected">Reward of the rejected one.</param>
/// <param name="ChosenLength">Tokens of the chosen answer.</param>
/// <param name="RejectedLength">Tokens of the rejected one.</param>
/// <param name="IsTrue">Whether the choice is right in truth, where that is known.</param>
public readonly record struct ScoredPair(double Chosen, double Rejected, int ChosenLength, int RejectedLength, bool? IsTrue)
{
    public double Margin => Chosen - Rejected;
}

/// <summary>How well rewards order comparisons, how sure they may be of it, and how much they look at length alone.</summary>
public sealed record RewardMeasurement
{
    public required int Pairs { get; init; }

    /// <summary>Share of comparisons whose chosen answer has the higher reward; equal rewards count half.</summary>
    public required double Accuracy { get; init; }

    /// <summary>The same against the truth instead of the labels; null where it is not known of all.</summary>
    public double? TrueAccuracy { get; init; }

    /// <summary>Mean of -log σ(margin).</summary>
    public required double Loss { get; init; }

    /// <summary>Mean margin.</summary>
    public required double Margin { get; init; }

    public required PairCalibration Calibration { get; init; }

    /// <summary>Pearson's correlation of an answer's reward with its length in tokens, over all answers; 0 where either does not vary.</summary>
    public required double LengthCorrelation { get; init; }

    /// <summary>Share of comparisons whose chosen answer is the longer one, of those of unequal length: what a judge of length alone would score.</summary>
    public required double LongerChosen { get; init; }

    /// <summary>Accuracy where the chosen answer is the longer one; NaN without such.</summary>
    public required double AccuracyWhereLonger { get; init; }

    /// <summary>Accuracy where the chosen answer is the shorter one; NaN without such.</summary>
    public required double AccuracyWhereShorter { get; init; }

    public static RewardMeasurement Of(IReadOnlyList<ScoredPair> pairs)
    {
        List<ScoredPair> longer = [.. pairs.Where(pair => pair.ChosenLength > pair.RejectedLength)];
        List<ScoredPair> shorter = [.. pairs.Where(pair => pair.ChosenLength < pair.RejectedLength)];
        return new RewardMeasurement
        {
            Pairs = pairs.Count,
            Accuracy = Share(pairs),
            TrueAccuracy = pairs.Count > 0 && pairs.All(pair => pair.IsTrue is not null)
                ? pairs.Average(pair => pair.Margin == 0 ? 0.5 : pair.Margin > 0 == pair.IsTrue ? 1 : 0)
                : null,
            Loss = pairs.Count == 0 ? double.NaN : pairs.Average(pair => -Logistic.LogSigmoid(pair.Margin)),
            Margin = pairs.Count == 0 ? double.NaN : pairs.Average(pair => pair.Margin),
            Calibration = PairCalibration.Of([.. pairs.Select(pair => pair.Margin)]),
            LengthCorrelation = Correlation([.. pairs.SelectMany(pair => new[] { (pair.Chosen, (double)pair.ChosenLength), (pair.Rejected, pair.RejectedLength) })]),
            LongerChosen = longer.Count + shorter.Count == 0 ? double.NaN : (double)longer.Count / (longer.Count + shorter.Count),
            AccuracyWhereLonger = Share(longer),
            AccuracyWhereShorter = Share(shorter),
        };
    }

    /// <summary>The numbers by name, for a log.</summary>
    /// <param name="prefix">What names begin with, such as "heldOut".</param>
    public Dictionary<string, double> Values(string prefix)
    {
        var values = new Dictionary<string, double>
        {
            [prefix + "Loss"] = Loss,
            [prefix + "Accuracy"] = Accuracy,
            [prefix + "Margin"] = Margin,
            [prefix + "CalibrationError"] = Calibration.ExpectedError,
            [prefix + "LengthCorrelation"] = LengthCorrelation,
            [prefix + "LongerChosen"] = LongerChosen,
            [prefix + "AccuracyWhereLonger"] = AccuracyWhereLonger,
            [prefix + "AccuracyWhereShorter"] = AccuracyWhereShorter,
            [prefix + "Pairs"] = Pairs,
        };
        if (TrueAccuracy is double truth)
        {
            values[prefix + "TrueAccuracy"] = truth;
        }
        return values;
    }

    private static double Share(IReadOnlyList<ScoredPair> pairs) => pairs.Count == 0 ? double.NaN : pairs.Average(pair => pair.Margin > 0 ? 1 : pair.Margin == 0 ? 0.5 : 0);

    private static double Correlation(IReadOnlyList<(double X, double Y)> points)
    {
        if (points.Count == 0)
        {
            return 0;
        }
        (double x, double y) = (points.Average(point => point.X), points.Average(point => point.Y));
        double product = points.Sum(point => (point.X - x) * (point.Y - y));
        double squares = Math.Sqrt(points.Sum(point => (point.X - x) * (point.X - x)) * points.Sum(point => (point.Y - y) * (point.Y - y)));
        return squares > 0 ? product / squares : 0;
    }
}
