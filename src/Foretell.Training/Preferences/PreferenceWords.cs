using Foretell.Nn.Optimizers;
using Foretell.Training.Reports;

namespace Foretell.Training;

/// <summary>What the numbers of a run of preference learning mean, in sentences, where a reader might be deceived.</summary>
internal static class PreferenceWords
{
    /// <summary>Steps at the end of a run whose means are looked at.</summary>
    private const int RecentSteps = 20;

    /// <summary>What a setting of the recipe may be, for messages.</summary>
    public static string Wanted(string key) => key switch
    {
        "tooLong" => $"; wanted {string.Join(" or ", Enum.GetNames<TooLong>())}",
        "decay" => $"; wanted {string.Join(" or ", Enum.GetNames<DecayShape>())}",
        _ => "",
    };

    /// <summary>The means of a run's last steps, by name.</summary>
    public static Dictionary<string, double> Recent(string folder)
    {
        string path = Path.Combine(folder, "metrics.jsonl");
        IReadOnlyList<MetricsEntry> last = File.Exists(path) ? [.. MetricsLog.Read(path).TakeLast(RecentSteps)] : [];
        return last.SelectMany(entry => entry.Values).GroupBy(entry => entry.Key).ToDictionary(group => group.Key, group => group.Average(entry => entry.Value), StringComparer.Ordinal);
    }

    /// <param name="heldOut">The last measurement on held-out rows.</param>
    /// <param name="recent">See <see cref="Recent"/>.</param>
    /// <param name="isReward">Whether the run trained a reward model rather than a policy.</param>
    public static IEnumerable<string> About(IReadOnlyDictionary<string, double> heldOut, IReadOnlyDictionary<string, double> recent, bool isReward)
    {
        double Value(IReadOnlyDictionary<string, double> values, string name) => values.GetValueOrDefault(name, double.NaN);
        double accuracy = Value(heldOut, "heldOutAccuracy");
        double pairs = Value(heldOut, "heldOutPairs");
        double trained = Value(recent, "accuracy");
        if (accuracy - 2 * Math.Sqrt(0.25 / pairs) < 0.5)
        {
            yield return FormattableString.Invariant($"On held-out rows the accuracy is {accuracy:P1} of {pairs:F0}, which chance alone could give: nothing was learned that carries over. More or clearer comparisons, more epochs or a higher learning rate may help.");
        }
        if (trained > 0.95 && accuracy < trained - 0.2)
        {
            yield return FormattableString.Invariant($"The rows that are learned from are ordered right {trained:P1} of the time and held-out ones {accuracy:P1}: they are being learned by heart. Fewer epochs, a lower learning rate or more data would help.");
        }
        if (Value(heldOut, "heldOutCalibrationError") > 0.15 && isReward)
        {
            yield return FormattableString.Invariant($"Its margins claim other probabilities than come true: the calibration error is {Value(heldOut, "heldOutCalibrationError"):P1}. Fewer epochs or a larger centringWeight would help.");
        }
        double lengths = Value(heldOut, "heldOutLengthCorrelation");
        if (Math.Abs(lengths) > 0.5 && isReward)
        {
            yield return FormattableString.Invariant($"Rewards follow the answers' length (correlation {lengths:F2}; the longer answer was chosen in {Value(heldOut, "heldOutLongerChosen"):P0} of the held-out comparisons): a policy trained against it will write {(lengths > 0 ? "longer" : "shorter")} answers. Comparisons in which length does not tell would help.");
        }
        double chosen = Value(heldOut, "heldOutChosenLogRatio");
        if (chosen < -0.5)
        {
            yield return FormattableString.Invariant($"The chosen answers have become less likely than under the reference, by {-chosen:F2} nats a token: the margin grows by pushing both answers down. Set chosenWeight above 0, lower learningRate or raise beta.");
        }
        double margin = Value(heldOut, "heldOutMargin");
        if (Math.Abs(margin) > 20)
        {
            yield return FormattableString.Invariant($"Margins have exploded: they are {margin:F1} on average, where the logistic function is flat and nothing more is learned. Lower learningRate, raise beta, set labelSmoothing, or stop earlier.");
        }
        if (Value(heldOut, "heldOutKl") > 1)
        {
            yield return FormattableString.Invariant($"The model has gone far from its reference: about {Value(heldOut, "heldOutKl"):F2} nats a token on the given answers. Raise beta or lower learningRate.");
        }
    }
}
