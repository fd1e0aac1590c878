using System.Globalization;
using Foretell.Training.Reports;

namespace Foretell.Training;

/// <summary>A value function's report: does it know midway what comes of a path, may its probabilities be believed, and what does cutting save?</summary>
internal static class MidwayReport
{
    public static HtmlReport Create(MidwayRecipe recipe, double right, MidwayMeasurement measurement, double cutBelow, string folder)
    {
        CutOutcome whole = measurement.Outcomes[0];
        CutOutcome chosen = measurement.Outcomes.First(outcome => outcome.Threshold == cutBelow);
        IReadOnlyList<StepMeasurement> steps = measurement.Steps();
        IReadOnlyList<MetricsEntry> metrics = MetricsLog.Read(Path.Combine(folder, "metrics.jsonl"));
        HtmlReport report = new HtmlReport("A value function that judges midway", FormattableString.Invariant($"learned from the verdicts on a policy's own answers, measured on {measurement.Paths.Count:N0} answers to problems it did not learn from"))
            .Figures(
                new KeyFigure("Tokens saved", Percent(1 - ((double)chosen.Tokens / whole.Tokens))),
                new KeyFigure("Right by vote, with", Percent(chosen.Accuracy)),
                new KeyFigure("Right by vote, without", Percent(whole.Accuracy)),
                new KeyFigure("Threshold", Number(cutBelow)),
                new KeyFigure("Policy's own answers right", Percent(right)));
        ReportSection saving = report.Section("What cutting saves");
        if (cutBelow == 0)
        {
            saving.Note("No threshold saved tokens without losing accuracy: nothing is cut.");
        }
        saving.Chart(new LineChart
        {
            Title = "Accuracy against tokens, one point a threshold",
            XLabel = "tokens a problem",
            YLabel = "share of problems right",
            YFrom = 0,
            YTo = 1,
            Series =
            [
                Curve("By vote", measurement, outcome => outcome.Accuracy),
                Curve("By vote, weighted by value", measurement, outcome => outcome.Weighted),
                Curve("The answer of the highest value", measurement, outcome => outcome.Best),
            ],
        });
        saving.Table(["Threshold", "Tokens", "By vote", "Weighted", "Best"],
            [.. measurement.Outcomes.Select(outcome => (IReadOnlyList<string>)[Number(outcome.Threshold), Percent((double)outcome.Tokens / whole.Tokens), Percent(outcome.Accuracy), Percent(outcome.Weighted), Percent(outcome.Best)])]);
        ReportSection foretold = report.Section("Does it know midway?");
        foretold.Chart(new LineChart
        {
            Title = "A right path has a higher value than a wrong one",
            XLabel = "steps of thought read",
            YLabel = "probability (area under the ROC curve)",
            YFrom = 0.5,
            YTo = 1,
            Series = [new ChartSeries("Discrimination", [.. steps.Select(step => ((double)step.Step, step.Discrimination))])],
        });
        foretold.Chart(new LineChart
        {
            Title = "How often paths end well against what was foretold, by step",
            XLabel = "value",
            YLabel = "share of paths that end well",
            YFrom = 0,
            YTo = 1,
            Series =
            [
                .. steps.Take(5).Select(step => new ChartSeries(FormattableString.Invariant($"Step {step.Step}"), [.. step.Bins.Select(bin => (bin.Value, bin.Right))])),
                new ChartSeries("As it should be", [(0, 0), (1, 1)]),
            ],
        });
        foretold.Table(["Step", "Paths", "Right", "Discrimination", "Calibration error"],
            [.. steps.Select(step => (IReadOnlyList<string>)[step.Step.ToString(CultureInfo.InvariantCulture), step.Paths.ToString("N0", CultureInfo.InvariantCulture), Percent(step.Right), Number(step.Discrimination), Percent(step.CalibrationError)])]);
        report.Section("The engine room")
            .Chart(new LineChart { Title = "Loss", XLabel = "steps", YLabel = "nats a token", Series = [new ChartSeries("Training", [.. metrics.Select(entry => ((double)entry.Step, entry.Values["loss"]))])] })
            .Code(recipe.ToJson());
        return report;
    }

    private static ChartSeries Curve(string name, MidwayMeasurement measurement, Func<CutOutcome, double> accuracy)
    {
        double problems = measurement.Paths.Select(path => path.Problem).Distinct().Count();
        return new ChartSeries(name, [.. measurement.Outcomes.OrderBy(outcome => outcome.Tokens).Select(outcome => (outcome.Tokens / problems, accuracy(outcome)))]);
    }

    private static string Percent(double value) => double.IsFinite(value) ? value.ToString("P1", CultureInfo.InvariantCulture) : "–";

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("0.00", CultureInfo.InvariantCulture) : "–";
}
