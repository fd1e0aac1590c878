using System.Diagnostics.Metrics;
using Foretell.Server.Telemetry;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Tests.Telemetry;

public sealed class MetricCollectorTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MetricCollector _collector;
    private readonly Meter _meter;

    public MetricCollectorTests()
    {
        IMeterFactory factory = _services.GetRequiredService<IMeterFactory>();
        _meter = factory.Create(ServerMetrics.MeterName);
        _collector = new MetricCollector(factory);
    }

    [Fact]
    public void Write_EveryKindOfInstrument_FollowsTheFormat()
    {
        _meter.CreateCounter<long>("a.counter", "{thing}", "Counts\nthings \\ more.").Add(3, Tag("name", "with \"quotes\", \\ and\na line"));
        UpDownCounter<int> level = _meter.CreateUpDownCounter<int>("a.level");
        level.Add(5);
        level.Add(-2);
        Histogram<double> time = _meter.CreateHistogram("a.time", "s", "Takes time.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1, 10] });
        foreach (double value in new[] { 0.05, 0.1, 0.5, 20 })
        {
            time.Record(value, Tag("model", "m"));
        }
        _meter.CreateObservableGauge("a.share", () => 0.25, "1");
        _meter.CreateObservableCounter("a.bytes", () => new[] { new Measurement<long>(7, Tag("x", 1)), new Measurement<long>(8, Tag("x", 2)) }, "By");
        PrometheusParser metrics = PrometheusParser.Parse(_collector.Write());
        Assert.Equal(3, metrics.Value("a_counter_total", ("name", "with \\\"quotes\\\", \\\\ and\\na line")));
        Assert.Equal("counter", metrics.TypeOf("a_counter_total"));
        Assert.Equal(3, metrics.Value("a_level"));
        Assert.Equal("gauge", metrics.TypeOf("a_level"));
        // A value on a boundary is in the bucket below it.
        Assert.Equal(2, metrics.Value("a_time_seconds_bucket", ("le", "0.1")));
        Assert.Equal(3, metrics.Value("a_time_seconds_bucket", ("le", "1")));
        Assert.Equal(3, metrics.Value("a_time_seconds_bucket", ("le", "10")));
        Assert.Equal(4, metrics.Value("a_time_seconds_bucket", ("le", "+Inf")));
        Assert.Equal(20.65, metrics.Value("a_time_seconds_sum"), 9);
        Assert.Equal(0.25, metrics.Value("a_share_ratio"));
        Assert.Equal(8, metrics.Value("a_bytes_total", ("x", "2")));
    }

    [Fact]
    public void Write_WhatIsNoLongerObserved_IsGone()
    {
        string[] models = ["one", "two"];
        _meter.CreateObservableGauge("queue", () => models.Select(model => new Measurement<int>(1, Tag("model", model))));
        Assert.Equal(2, PrometheusParser.Parse(_collector.Write()).Samples.Count(sample => sample.Name == "queue"));
        models = ["two"];
        Assert.Equal(1, PrometheusParser.Parse(_collector.Write()).Samples.Count(sample => sample.Name == "queue"));
    }

    [Fact]
    public void Measure_LabelsWithoutBound_AreCountedTogetherBeyondALimit()
    {
        Counter<int> counter = _meter.CreateCounter<int>("many");
        for (int i = 0; i < MetricFamily.MostSeries + 50; i++)
        {
            counter.Add(1, Tag("i", i));
        }
        PrometheusParser metrics = PrometheusParser.Parse(_collector.Write());
        Assert.Equal(50, metrics.Value("many_total", ("otel_metric_overflow", "true")));
        Assert.Equal(MetricFamily.MostSeries + 1, metrics.Samples.Count(sample => sample.Name == "many_total"));
    }

    [Fact]
    public void Write_AnotherServersInstruments_AreNotThere()
    {
        using ServiceProvider others = new ServiceCollection().AddMetrics().BuildServiceProvider();
        others.GetRequiredService<IMeterFactory>().Create(ServerMetrics.MeterName).CreateCounter<int>("foreign").Add(1);
        Assert.DoesNotContain("foreign", _collector.Write());
    }

    public void Dispose()
    {
        _collector.Dispose();
        _services.Dispose();
    }

    private static KeyValuePair<string, object?> Tag(string name, object value) => new(name, value);
}
