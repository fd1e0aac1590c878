using Foretell.Training.Reports;

namespace Foretell.Training;

/// <summary>Something that is wrong with a run.</summary>
/// <param name="Signal">A short name, such as <c>dead-groups</c>.</param>
/// <param name="Message">What was seen, what it means, what to do.</param>
public sealed record HealthWarning(string Signal, string Message);

/// <summary>The limits by which <see cref="Health"/> judges.</summary>
public sealed record HealthLimits
{
    /// <summary>Steps that are looked at together.</summary>
    public int Window { get; init; } = 10;

    /// <summary>Share of prompts whose answers all have the same reward, from which a step teaches next to nothing.</summary>
    public double DeadGroups { get; init; } = 0.9;

    /// <summary>Share of clipped tokens from which updates no longer follow their rollouts.</summary>
    public double Clipped { get; init; } = 0.4;

    /// <summary>Nats of an answer beyond which the policy is no longer near its reference; infinity for no leash.</summary>
    public double Divergence { get; init; } = double.PositiveInfinity;

    /// <summary>Entropy, as a share of the first steps', under which the policy hardly varies any more.</summary>
    public double Entropy { get; init; } = 0.05;

    /// <summary>Share of answers that end by themselves under which the limit, not the model, ends them.</summary>
    public double Ended { get; init; } = 0.5;

    /// <summary>Updates a step makes; more than 1 should clip something now and then.</summary>
    public int UpdatesPerStep { get; init; } = 1;
}

/// <summary>
/// Says in words when a signal has died or the policy games its reward, from the numbers of <see cref="StepRecord"/>.
/// A warning speaks of the last steps; gaming of the run so far: the reward has risen while the held-out judge has fallen
/// from its best by more than chance moves it.
/// </summary>
public static class Health
{
    /// <summary>Standard errors that a measure must fall by; the best of many measurements is partly luck.</summary>
    private const double SureErrors = 3;

    /// <summary>What is wrong after the last of some steps.</summary>
    /// <param name="steps">The run so far, ascending.</param>
    public static IReadOnlyList<HealthWarning> Diagnose(IReadOnlyList<MetricsEntry> steps, HealthLimits limits)
    {
        var warnings = new List<HealthWarning>();
        if (steps.Count < limits.Window)
        {
            return warnings;
        }
        MetricsEntry[] window = [.. steps.Skip(steps.Count - limits.Window)];
        double Mean(string name) => window.Select(entry => entry.Values.GetValueOrDefault(name, double.NaN)).Average();
        void Warn(string signal, FormattableString message) => warnings.Add(new HealthWarning(signal, FormattableString.Invariant(message)));
        string last = FormattableString.Invariant($"In the last {limits.Window} steps");

        if (Mean("rewardDeviation") < GroupAdvantages.Epsilon)
        {
            Warn("zero-spread", $"{last} every answer had the same reward, {Mean("reward"):G3}: nothing can be learned. Choose an easier or harder level, or a reward that tells answers apart.");
        }
        else if (Mean("deadGroups") > limits.DeadGroups)
        {
            Warn("dead-groups", $"{last} the answers to {Mean("deadGroups"):P0} of the prompts all had the same reward (mean {Mean("reward"):G3}), and taught nothing. Choose {(Mean("reward.verdict") > 0.5 ? "a harder" : "an easier")} level, more samples, or dynamicSamplingRounds.");
        }
        if (Mean("clipped") > limits.Clipped)
        {
            Warn("clip-high", $"{last} {Mean("clipped"):P0} of the tokens were clipped: updates leave the region that their rollouts describe. Lower learningRate, epochs or minibatches.");
        }
        else if (limits.UpdatesPerStep > 1 && Mean("clipped") < 1e-5 && Mean("rewardDeviation") >= GroupAdvantages.Epsilon)
        {
            Warn("clip-zero", $"{last} no token was clipped although each step makes {limits.UpdatesPerStep} updates: they hardly move the policy. Raise learningRate, or make do with one update.");
        }
        if (Mean("kl") > limits.Divergence)
        {
            Warn("kl", $"{last} answers diverged from the reference by {Mean("kl"):F1} nats, more than the {limits.Divergence:F1} allowed: the reward may no longer mean anything out there. Raise klCoefficient or lower learningRate.");
        }
        double entropyAtFirst = steps.Take(limits.Window).Select(entry => entry.Values.GetValueOrDefault("entropy", double.NaN)).Average();
        if (Mean("entropy") < limits.Entropy * entropyAtFirst && Mean("reward.verdict") is not > 0.95)
        {
            Warn("entropy", $"{last} the entropy fell to {Mean("entropy"):G2} nats a token from {entropyAtFirst:G2}: the policy always says the same and finds nothing new. Raise clipHigh or klCoefficient, or lower learningRate.");
        }
        if (Mean("ended") < limits.Ended)
        {
            Warn("length", $"{last} only {Mean("ended"):P0} of the answers ended by themselves; the limit cut the others. Raise maximumTokens, or set formatWeight or lengthWeight.");
        }
        if (window.All(entry => entry.Values.GetValueOrDefault("gradientNorm", 1) == 0))
        {
            Warn("gradient", $"{last} the gradient was 0: nothing is learned.");
        }
        if (Mean("explainedVariance") < 0)
        {
            Warn("values", $"{last} the value function explained less than a constant would (explained variance {Mean("explainedVariance"):F2}): its advantages are noise. Raise valueLearningRate or valueWarmUpSteps.");
        }
        if (window.Any(entry => entry.Values.GetValueOrDefault("mismatch") > 0))
        {
            Warn("mismatch", $"{last} the trainer's log-probabilities differed from the sampler's by up to {window.Max(entry => entry.Values.GetValueOrDefault("mismatch")):G2} nats; they must be equal to the bit. This is a defect of the program: please report it.");
        }
        if (Gaming(steps, limits) is HealthWarning gaming)
        {
            warnings.Add(gaming);
        }
        return warnings;
    }

    /// <summary>The measure that gives no reward: the judge, else held-out environments, else held-out problems of the trained ones.</summary>
    private static HealthWarning? Gaming(IReadOnlyList<MetricsEntry> steps, HealthLimits limits)
    {
        string[] judges = ["judge", "heldOutAccuracy", "trainedAccuracy"];
        if (judges.FirstOrDefault(name => steps.Any(entry => entry.Values.ContainsKey(name))) is not string judge)
        {
            return null;
        }
        (int Index, double Score)[] measured = [.. steps.Select((entry, index) => (index, entry.Values.GetValueOrDefault(judge, double.NaN))).Where(point => double.IsFinite(point.Item2))];
        if (measured.Length < 3)
        {
            return null;
        }
        // Two measurements together, so that one unlucky one says nothing.
        double now = (measured[^1].Score + measured[^2].Score) / 2;
        int best = 0;
        double bestScore = double.NegativeInfinity;
        for (int i = 0; i + 1 < measured.Length; i++)
        {
            double pair = (measured[i].Score + measured[i + 1].Score) / 2;
            (best, bestScore) = pair > bestScore ? (i, pair) : (best, bestScore);
        }
        // Both are means of two measurements, so their difference has the error of one.
        double error = SureErrors * steps[measured[^1].Index].Values.GetValueOrDefault(judge + "Error");
        double spread = Deviation([.. measured.Zip(measured.Skip(1), (a, b) => b.Score - a.Score)]);
        double Reward(int end) => steps.Skip(Math.Max(0, end + 1 - limits.Window)).Take(Math.Min(limits.Window, end + 1)).Average(entry => entry.Values.GetValueOrDefault("reward"));
        double rewardThen = Reward(measured[best + 1].Index);
        double rewardNow = Reward(steps.Count - 1);
        double rewardSpread = Deviation([.. steps.Zip(steps.Skip(1), (a, b) => b.Values.GetValueOrDefault("reward") - a.Values.GetValueOrDefault("reward"))]) / Math.Sqrt(limits.Window);
        bool falls = bestScore - now > Math.Max(0.02 * Math.Abs(bestScore), Math.Max(spread, error));
        bool rises = rewardNow - rewardThen > Math.Max(1e-6, rewardSpread);
        string measure = judge switch { "judge" => "held-out judge's score", "heldOutAccuracy" => "accuracy on held-out environments", _ => "accuracy on held-out problems" };
        return falls && rises
            ? new HealthWarning("gaming", FormattableString.Invariant($"Since step {steps[measured[best].Index].Step} the reward rose from {rewardThen:G3} to {rewardNow:G3} while the {measure} fell from {bestScore:G3} to {now:G3}: the policy games its reward. Stop near that step, raise klCoefficient, or mend the reward."))
            : null;
    }

    private static double Deviation(double[] values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
    }
}
