using System.Globalization;
using Foretell.Training.Reports;

namespace Foretell.Training;

/// <summary>A reward model's report: how it learned, how far its probabilities can be believed, and whether it looks at length alone.</summary>
internal static class RewardReport
{
    public static HtmlReport Create(RewardRecipe recipe, RewardMeasurement last, string folder, IReadOnlyList<string> warnings, IReadOnlyDictionary<string, double> before)
    {
        IReadOnlyList<MetricsEntry> metrics = MetricsLog.Read(Path.Combine(folder, "metrics.jsonl"));
        HtmlReport report = new HtmlReport("A reward model", FormattableString.Invariant($"learned from comparisons, measured on {last.Pairs:N0} that it has not seen"))
            .Figures(
                new KeyFigure("Held-out accuracy", Percent(last.Accuracy)),
                new KeyFigure("Mean margin", Number(last.Margin)),
                new KeyFigure("Calibration error", Percent(last.Calibration.ExpectedError)),
                new KeyFigure("Length correlation", Number(last.LengthCorrelation)),
                new KeyFigure("Steps", metrics.Count == 0 ? "0" : metrics[^1].Step.ToString("N0", CultureInfo.InvariantCulture)));
        if (last.TrueAccuracy is double truth)
        {
            report.Figures(new KeyFigure("Accuracy against the truth", Percent(truth)));
        }
        PreferenceCharts.Warn(report, warnings);
        ReportSection learned = report.Section("How it learned");
        learned.Chart(PreferenceCharts.Curve("Loss", "-log σ(margin), nats", metrics, before, ("Training", "loss"), ("Held out", "heldOutLoss")));
        learned.Note("0.693 (log 2) is the loss of a model that knows nothing.");
        learned.Chart(PreferenceCharts.Curve("The chosen answer has the higher reward", "share of comparisons", metrics, before, ("Training", "accuracy"), ("Held out", "heldOutAccuracy"), ("Held out, against the truth", "heldOutTrueAccuracy")) with { YFrom = 0, YTo = 1 });
        ReportSection calibration = report.Section("Is it as sure as it should be?");
        calibration.Chart(new LineChart
        {
            Title = "How often it is right against how sure it is",
            XLabel = "confidence σ(|margin|)",
            YLabel = "share of comparisons ordered right",
            YFrom = 0,
            YTo = 1,
            Series =
            [
                new ChartSeries("Held out", [.. last.Calibration.Bins.Select(bin => (bin.Confidence, bin.Accuracy))]),
                new ChartSeries("As sure as right", [(0.5, 0.5), (1, 1)]),
            ],
        });
        calibration.Table(["Confidence", "Right", "Comparisons"], [.. last.Calibration.Bins.Select(bin => (IReadOnlyList<string>)[Percent(bin.Confidence), Percent(bin.Accuracy), bin.Count.ToString("N0", CultureInfo.InvariantCulture)])]);
        calibration.Note("Below the straight line it is surer than it should be. The calibration error is the mean distance from that line, weighted by the comparisons of each bin (Guo et al. 2017).");
        report.Section("Does it look at length alone?").Table(["Held-out comparisons", "Value"],
        [
            ["Correlation of an answer's reward with its length in tokens", Number(last.LengthCorrelation)],
            ["The chosen answer is the longer one", Percent(last.LongerChosen)],
            ["Accuracy where the chosen answer is longer", Percent(last.AccuracyWhereLonger)],
            ["Accuracy where the chosen answer is shorter", Percent(last.AccuracyWhereShorter)],
        ]).Note("A judge of length alone would be right wherever the chosen answer is longer and nowhere else.");
        report.Section("The engine room")
            .Chart(PreferenceCharts.Curve("Length of the gradient", "norm before clipping", metrics, before, ("Gradient norm", "gradientNorm")) with { YScale = AxisScale.Logarithmic })
            .Chart(PreferenceCharts.Curve("Learning rate", "of the trunk", metrics, before, ("Learning rate", "learningRate")))
            .Code(recipe.ToJson());
        return report;
    }

    private static string Percent(double value) => double.IsFinite(value) ? value.ToString("P1", CultureInfo.InvariantCulture) : "–";

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("0.000", CultureInfo.InvariantCulture) : "–";
}
