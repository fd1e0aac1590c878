using System.Globalization;

namespace Foretell.Training.Reports;

/// <summary>
/// The report of a training run from its <c>metrics.jsonl</c>: key figures, curves and samples. It shows what the log holds: "loss",
/// "validationNats", "validationBitsPerByte", "learningRate", "gradientNorm", "tokensPerSecond" and "seconds" by step, and the texts named "sample".
/// </summary>
public static class TrainingReport
{
    private const int MostSamples = 8;

    /// <param name="title">The page's title.</param>
    /// <param name="subtitle">A sentence on the model and its data; may be empty.</param>
    /// <param name="metrics">The log, of any length; see <see cref="MetricsLog.Read"/>.</param>
    /// <returns>A report to which more figures, sections and a footer can be added.</returns>
    public static HtmlReport Create(string title, string subtitle, IReadOnlyList<MetricsEntry> metrics)
    {
        var report = new HtmlReport(title, subtitle);
        AddFigures(report, metrics);
        ReportSection curves = report.Section("How it learned");
        curves.Chart(Curve("Loss", "nats per token", metrics, ("Training", "loss"), ("Validation", "validationNats")));
        if (Points(metrics, "validationBitsPerByte").Count > 1)
        {
            curves.Chart(Curve("Bits per byte on text it has not seen", "bits per byte", metrics, ("Validation", "validationBitsPerByte")));
        }
        AddSamples(report, metrics);
        ReportSection engine = report.Section("The engine room");
        engine.Chart(Curve("Learning rate", "learning rate", metrics, ("Learning rate", "learningRate")));
        engine.Chart(Curve("Length of the gradient", "norm before clipping", metrics, ("Gradient norm", "gradientNorm")) with { YScale = AxisScale.Logarithmic });
        engine.Chart(Curve("Speed", "tokens per second", metrics, ("Speed", "tokensPerSecond")) with { YFrom = 0 });
        int skipped = metrics.Count(entry => entry.Values.GetValueOrDefault("skipped") > 0);
        if (skipped > 0)
        {
            engine.Note(string.Create(CultureInfo.InvariantCulture, $"{skipped} of {metrics.Count} steps were skipped because their loss or gradient stood far outside the usual."));
        }
        return report;
    }

    private static void AddFigures(HtmlReport report, IReadOnlyList<MetricsEntry> metrics)
    {
        foreach ((string metric, string name, string format, string unit) in new[]
        {
            ("loss", "Training loss", "0.000", "nats per token"),
            ("validationNats", "Validation loss", "0.000", "nats per token"),
            ("validationBitsPerByte", "Bits per byte", "0.000", "on unseen text"),
            ("tokensPerSecond", "Speed", "#,0", "tokens per second"),
        })
        {
            if (Points(metrics, metric) is [.., (_, double last)])
            {
                report.Figures(new KeyFigure(name, last.ToString(format, CultureInfo.InvariantCulture), unit));
            }
        }
        if (metrics.Count > 0)
        {
            report.Figures(new KeyFigure("Steps", metrics[^1].Step.ToString("#,0", CultureInfo.InvariantCulture)));
        }
        if (Points(metrics, "seconds") is [.., (_, double seconds)])
        {
            (string value, string unit) = Duration(seconds);
            report.Figures(new KeyFigure("Training took", value, unit));
        }
    }

    private static void AddSamples(HtmlReport report, IReadOnlyList<MetricsEntry> metrics)
    {
        List<TextSample> samples = [.. metrics
            .Where(entry => entry.Texts.ContainsKey("sample"))
            .Select(entry => new TextSample(string.Create(CultureInfo.InvariantCulture, $"after {entry.Step:#,0} steps"), "", entry.Texts["sample"]))];
        if (samples.Count == 0)
        {
            return;
        }
        // Evenly over the run, the first and the last among them.
        int shown = Math.Min(samples.Count, MostSamples);
        report.Section("What it wrote as it learned").Samples(Enumerable.Range(0, shown).Select(index => samples[shown == 1 ? 0 : index * (samples.Count - 1) / (shown - 1)]));
    }

    private static LineChart Curve(string title, string unit, IReadOnlyList<MetricsEntry> metrics, params ReadOnlySpan<(string Name, string Metric)> lines)
    {
        var series = new List<ChartSeries>();
        foreach ((string name, string metric) in lines)
        {
            if (Points(metrics, metric) is { Count: > 0 } points)
            {
                series.Add(new ChartSeries(name, points));
            }
        }
        return new LineChart { Title = title, XLabel = "steps", YLabel = unit, Series = series };
    }

    private static List<(double X, double Y)> Points(IReadOnlyList<MetricsEntry> metrics, string metric)
    {
        var points = new List<(double X, double Y)>();
        foreach (MetricsEntry entry in metrics)
        {
            if (entry.Values.TryGetValue(metric, out double value))
            {
                points.Add((entry.Step, value));
            }
        }
        return points;
    }

    private static (string Value, string Unit) Duration(double seconds)
    {
        long whole = (long)Math.Round(Math.Clamp(seconds, 0, 1e12));
        return whole switch
        {
            < 60 => (whole.ToString(CultureInfo.InvariantCulture), "seconds"),
            < 3600 => (string.Create(CultureInfo.InvariantCulture, $"{whole / 60}:{whole % 60:00}"), "minutes"),
            _ => (string.Create(CultureInfo.InvariantCulture, $"{whole / 3600}:{whole / 60 % 60:00}"), "hours"),
        };
    }
}
