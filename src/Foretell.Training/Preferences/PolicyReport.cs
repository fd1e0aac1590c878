using System.Globalization;
using Foretell.Training.Reports;

namespace Foretell.Training;

/// <summary>The report of a policy that learned from preferences directly.</summary>
internal static class PolicyReport
{
    /// <param name="title">The algorithm, in words.</param>
    /// <param name="samplesBefore">What the reference answered to some held-out prompts, and <paramref name="samplesAfter"/> what the policy answers.</param>
    public static HtmlReport Create(string title, string recipe, string folder, IReadOnlyList<string> warnings, IReadOnlyDictionary<string, double> before, IReadOnlyDictionary<string, double> after, IReadOnlyList<TextSample> samplesBefore, IReadOnlyList<TextSample> samplesAfter)
    {
        IReadOnlyList<MetricsEntry> metrics = MetricsLog.Read(Path.Combine(folder, "metrics.jsonl"));
        var report = new HtmlReport(title, FormattableString.Invariant($"learned from preferences, measured on {after.GetValueOrDefault("heldOutPairs"):N0} held-out comparisons"));
        foreach ((string name, string metric, string format, string unit) in new[]
        {
            ("Held-out accuracy", "heldOutAccuracy", "P1", "of the implied rewards"),
            ("Against the truth", "heldOutTrueAccuracy", "P1", ""),
            ("Mean margin", "heldOutMargin", "0.000", ""),
            ("Distance to the reference", "heldOutKl", "0.000", "nats a token"),
        })
        {
            if (after.TryGetValue(metric, out double value))
            {
                report.Figures(new KeyFigure(name, value.ToString(format, CultureInfo.InvariantCulture), unit));
            }
        }
        report.Figures(new KeyFigure("Steps", metrics.Count == 0 ? "0" : metrics[^1].Step.ToString("N0", CultureInfo.InvariantCulture)));
        PreferenceCharts.Warn(report, warnings);
        ReportSection learned = report.Section("How it learned");
        learned.Chart(PreferenceCharts.Curve("Loss", "as the algorithm defines it", metrics, before, ("Training", "loss"), ("Held out", "heldOutLoss")));
        learned.Chart(PreferenceCharts.Curve("The chosen answer is preferred", "share of comparisons", metrics, before, ("Training", "accuracy"), ("Held out", "heldOutAccuracy"), ("Held out, likelier a token", "heldOutLikelierAccuracy"), ("Held out, against the truth", "heldOutTrueAccuracy")) with { YFrom = 0, YTo = 1 });
        learned.Chart(PreferenceCharts.Curve("Margin of the implied rewards", "β × nats", metrics, before, ("Training", "margin"), ("Held out", "heldOutMargin")));
        ReportSection distance = report.Section("What became likelier, what less likely");
        distance.Chart(PreferenceCharts.Curve("Log-ratio to the reference on held-out answers", "nats a token", metrics, before, ("Chosen", "heldOutChosenLogRatio"), ("Rejected", "heldOutRejectedLogRatio")));
        distance.Chart(PreferenceCharts.Curve("Distance to the reference on held-out answers", "nats a token", metrics, before, ("Estimated KL divergence", "heldOutKl")) with { YFrom = 0 });
        distance.Note("The distance is the mean of d²/2 over the tokens of the given answers, d being the log-ratio: near the KL divergence while the two models are near each other.");
        if (samplesAfter.Count > 0)
        {
            report.Section("The same questions before and after").Samples(samplesBefore.Zip(samplesAfter, (was, now) => new[] { was, now }).SelectMany(pair => pair));
        }
        report.Section("The engine room")
            .Chart(PreferenceCharts.Curve("Length of the gradient", "norm before clipping", metrics, before, ("Gradient norm", "gradientNorm")) with { YScale = AxisScale.Logarithmic })
            .Chart(PreferenceCharts.Curve("Learning rate", "learning rate", metrics, before, ("Learning rate", "learningRate")))
            .Code(recipe);
        return report;
    }
}
