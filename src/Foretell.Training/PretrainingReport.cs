using System.Globalization;
using Foretell.Models;
using Foretell.Training.Reports;

namespace Foretell.Training;

/// <summary>A run's report.html: the curves, what the model wrote as it learned, and the numbers that decide the result.</summary>
public static class PretrainingReport
{
    /// <summary>Builds the report from a run's metrics; callers may add sections before saving.</summary>
    /// <param name="metricsPath">metrics.jsonl.</param>
    /// <param name="device">The kernels' name.</param>
    public static HtmlReport Build(string title, TransformerConfig model, PretrainingRecipe recipe, string metricsPath, string device)
    {
        IReadOnlyList<MetricsEntry> metrics = MetricsLog.Read(metricsPath);
        var report = new HtmlReport(title, $"{model.ParameterCount.ToString("N0", CultureInfo.InvariantCulture)} parameters, {device}");
        MetricsEntry? last = metrics.Count > 0 ? metrics[^1] : null;
        MetricsEntry? validated = metrics.LastOrDefault(entry => entry.Values.ContainsKey("validationBitsPerByte"));
        long tokensPerStep = (long)recipe.BatchRows!.Value * recipe.ContextLength;
        report.Figures(
            new KeyFigure("Validation", validated is null ? "none yet" : Number(validated.Values["validationBitsPerByte"], 4), "bits per byte"),
            new KeyFigure("Validation", validated is null ? "none yet" : Number(validated.Values["validationNats"], 4), "nats per token"),
            new KeyFigure("Steps", (last?.Step ?? 0).ToString("N0", CultureInfo.InvariantCulture)),
            new KeyFigure("Tokens seen", Number((last?.Step ?? 0) * tokensPerStep / 1e6, 2), "million"),
            new KeyFigure("Speed", last is null ? "" : Number(last.Values["tokensPerSecond"], 0), "tokens per second"),
            new KeyFigure("Training time", last is null ? "" : Number(last.Values["seconds"] / 60, 1), "minutes"));
        report.Section("How it learned")
            .Chart(new LineChart { Title = "Loss", XLabel = "Step", YLabel = "Nats per token", Series = [Series(metrics, "loss", "training"), Series(metrics, "validationNats", "validation")] })
            .Chart(new LineChart { Title = "Held-out text", XLabel = "Step", YLabel = "Bits per byte", Series = [Series(metrics, "validationBitsPerByte", "validation")] })
            .Chart(new LineChart { Title = "Gradient norm", XLabel = "Step", YLabel = "Norm before clipping", YScale = AxisScale.Logarithmic, Series = [Series(metrics, "gradientNorm", "gradient norm")] })
            .Chart(new LineChart { Title = "Learning rate", XLabel = "Step", YLabel = "Share of the peak", Series = [Series(metrics, "learningRate", "learning rate")] });
        MetricsEntry[] sampled = [.. metrics.Where(entry => entry.Texts.ContainsKey("sample"))];
        if (sampled.Length > 0)
        {
            int every = Math.Max(1, sampled.Length / 6);
            report.Section("What it wrote as it learned").Samples(sampled
                .Where((_, i) => (sampled.Length - 1 - i) % every == 0)
                .Select(entry => new TextSample($"step {entry.Step}", recipe.SamplePrompt, entry.Texts["sample"].StartsWith(recipe.SamplePrompt, StringComparison.Ordinal) ? entry.Texts["sample"][recipe.SamplePrompt.Length..] : entry.Texts["sample"])));
        }
        report.Section("The recipe").Code(recipe.ToJson());
        return report;
    }

    private static ChartSeries Series(IReadOnlyList<MetricsEntry> metrics, string metric, string name) =>
        new(name, [.. metrics.Where(entry => entry.Values.ContainsKey(metric)).Select(entry => ((double)entry.Step, entry.Values[metric]))]);

    private static string Number(double value, int digits) => value.ToString("N" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
