using System.Globalization;
using System.Text;

namespace Foretell.Server.Telemetry;

/// <summary>Metrics in Prometheus's text format (<see href="https://prometheus.io/docs/instrumenting/exposition_formats/"/>).</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static string Write(IEnumerable<MetricFamily> families)
    {
        var text = new StringBuilder();
        // Two instruments of one name, as of two meters, would break the format: the first stands.
        foreach (MetricFamily family in families.GroupBy(family => family.Name, StringComparer.Ordinal).Select(group => group.First()).OrderBy(family => family.Name, StringComparer.Ordinal))
        {
            KeyValuePair<string, MetricSeries>[] series = [.. family.Series];
            if (series.Length == 0)
            {
                continue;
            }
            text.Append("# HELP ").Append(family.Name).Append(' ').Append(PrometheusName.EscapeHelp(family.Help)).Append('\n');
            text.Append("# TYPE ").Append(family.Name).Append(' ').Append(family.Kind switch { MetricKind.Counter => "counter", MetricKind.Gauge => "gauge", _ => "histogram" }).Append('\n');
            foreach ((string labels, MetricSeries one) in series)
            {
                Write(text, family, labels, one);
            }
        }
        return text.ToString();
    }

    private static void Write(StringBuilder text, MetricFamily family, string labels, MetricSeries series)
    {
        (double value, long count, long[] cumulative) = series.Read();
        if (family.Kind != MetricKind.Histogram)
        {
            Sample(text, family.Name, labels, Number(value));
            return;
        }
        string before = labels.Length > 0 ? labels + "," : "";
        for (int i = 0; i < cumulative.Length; i++)
        {
            string boundary = i < family.Boundaries.Length ? Number(family.Boundaries[i]) : "+Inf";
            Sample(text, family.Name + "_bucket", $"{before}le=\"{boundary}\"", Number(cumulative[i]));
        }
        Sample(text, family.Name + "_sum", labels, Number(value));
        Sample(text, family.Name + "_count", labels, Number(count));
    }

    private static void Sample(StringBuilder text, string name, string labels, string value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }
        text.Append(' ').Append(value).Append('\n');
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };
}
