using Foretell.Training.Reports;

namespace Foretell.Training;

/// <summary>Curves and warnings of the reports about preferences.</summary>
internal static class PreferenceCharts
{
    /// <summary>Curves by step; what was measured before the first step stands at 0.</summary>
    public static LineChart Curve(string title, string unit, IReadOnlyList<MetricsEntry> metrics, IReadOnlyDictionary<string, double> before, params ReadOnlySpan<(string Name, string Metric)> lines)
    {
        var series = new List<ChartSeries>();
        foreach ((string name, string metric) in lines)
        {
            var points = new List<(double X, double Y)>();
            if (before.TryGetValue(metric, out double first))
            {
                points.Add((0, first));
            }
            points.AddRange(metrics.Where(entry => entry.Values.ContainsKey(metric)).Select(entry => ((double)entry.Step, entry.Values[metric])));
            if (points.Count > 0)
            {
                series.Add(new ChartSeries(name, points));
            }
        }
        return new LineChart { Title = title, XLabel = "steps", YLabel = unit, Series = series };
    }

    /// <summary>A section of what a reader should know, where there is something.</summary>
    public static void Warn(HtmlReport report, IReadOnlyList<string> warnings)
    {
        if (warnings.Count > 0)
        {
            ReportSection section = report.Section("Mind this");
            foreach (string warning in warnings)
            {
                section.Text(warning);
            }
        }
    }
}
