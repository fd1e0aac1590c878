using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Foretell.Server.Telemetry;

/// <summary>What the text format calls a metric.</summary>
internal enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>One instrument's numbers, by the labels that came with them.</summary>
internal sealed class MetricFamily
{
    /// <summary>The most sets of labels; further ones are counted together under the label that OpenTelemetry gives them.</summary>
    public const int MostSeries = 2000;

    private const string Overflow = "otel_metric_overflow=\"true\"";

    /// <summary>The boundaries that OpenTelemetry advises where an instrument has none of its own.</summary>
    private static readonly double[] s_defaultBoundaries = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];

    private readonly ConcurrentDictionary<string, MetricSeries> _series = new(StringComparer.Ordinal);
    private readonly bool _isObserved;

    public MetricFamily(Instrument instrument)
    {
        Type type = instrument.GetType();
        Type? generic = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        _isObserved = instrument.IsObservable;
        Kind = generic == typeof(Histogram<>) ? MetricKind.Histogram
            : generic == typeof(Counter<>) || generic == typeof(ObservableCounter<>) ? MetricKind.Counter
            : MetricKind.Gauge;
        IsSet = _isObserved || generic == typeof(Gauge<>);
        Name = PrometheusName.Of(instrument.Name, instrument.Unit, Kind);
        Help = instrument.Description ?? instrument.Name;
        Boundaries = Kind == MetricKind.Histogram ? Advice(instrument) : [];
    }

    public string Name { get; }

    public string Help { get; }

    public MetricKind Kind { get; }

    /// <summary>Upper boundaries of a histogram's buckets, without the last, which is infinite.</summary>
    public double[] Boundaries { get; }

    /// <summary>Whether a measurement is the value, and not what is added to it.</summary>
    private bool IsSet { get; }

    public IEnumerable<KeyValuePair<string, MetricSeries>> Series => _series.OrderBy(pair => pair.Key, StringComparer.Ordinal);

    public void Measure(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string labels = Labels(tags);
        if (!_series.TryGetValue(labels, out MetricSeries? series))
        {
            series = _series.GetOrAdd(_series.Count < MostSeries ? labels : Overflow, _ => new MetricSeries(Boundaries));
        }
        if (Kind == MetricKind.Histogram)
        {
            series.Record(value);
        }
        else if (IsSet)
        {
            series.Set(value);
        }
        else
        {
            series.Add(value);
        }
    }

    /// <summary>Forgets what was observed, before it is observed anew: a model that was unloaded has no queue.</summary>
    public void BeginObservation()
    {
        if (_isObserved)
        {
            _series.Clear();
        }
    }

    private static double[] Advice(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } given } => [.. given],
        Histogram<long> { Advice.HistogramBucketBoundaries: { } given } => [.. given.Select(boundary => (double)boundary)],
        Histogram<int> { Advice.HistogramBucketBoundaries: { } given } => [.. given.Select(boundary => (double)boundary)],
        _ => s_defaultBoundaries,
    };

    /// <summary>The labels as they are written, in the order of their names; two names that become one share its value.</summary>
    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return "";
        }
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach ((string key, object? value) in tags)
        {
            string text = value switch { null => "", bool flag => flag ? "true" : "false", _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "" };
            string name = PrometheusName.Label(key);
            sorted[name] = sorted.TryGetValue(name, out string? other) ? $"{other};{text}" : text;
        }
        var labels = new StringBuilder();
        foreach ((string name, string text) in sorted)
        {
            labels.Append(labels.Length > 0 ? "," : "").Append(name).Append("=\"").Append(PrometheusName.Escape(text)).Append('"');
        }
        return labels.ToString();
    }
}
