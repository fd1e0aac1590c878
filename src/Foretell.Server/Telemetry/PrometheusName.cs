namespace Foretell.Server.Telemetry;

/// <summary>
/// OpenTelemetry's names as Prometheus writes them
/// (<see href="https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/"/>): other characters become
/// underscores, the unit is spelled out at the end, and counters end in <c>_total</c>.
/// </summary>
internal static class PrometheusName
{
    public static string Of(string name, string? unit, MetricKind kind)
    {
        string plain = Clean(name);
        string suffix = unit switch
        {
            "s" => "seconds",
            "ms" => "milliseconds",
            "By" => "bytes",
            "1" when kind == MetricKind.Gauge => "ratio",
            _ => "",
        };
        if (suffix.Length > 0 && !plain.EndsWith("_" + suffix, StringComparison.Ordinal))
        {
            plain = $"{plain}_{suffix}";
        }
        return kind == MetricKind.Counter && !plain.EndsWith("_total", StringComparison.Ordinal) ? $"{plain}_total" : plain;
    }

    public static string Label(string name) => Clean(name);

    /// <summary>A label's value between its quotes.</summary>
    public static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    /// <summary>A help text on its line.</summary>
    public static string EscapeHelp(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Clean(string name)
    {
        string plain = string.Create(name.Length, name, (characters, source) =>
        {
            for (int i = 0; i < characters.Length; i++)
            {
                characters[i] = char.IsAsciiLetterOrDigit(source[i]) ? source[i] : '_';
            }
        });
        return char.IsAsciiDigit(plain[0]) ? "_" + plain : plain;
    }
}
