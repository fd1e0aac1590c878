using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Foretell.Server.Telemetry;

/// <summary>
/// Keeps the numbers of this server's instruments, of ASP.NET Core's and of the runtime's, for <c>/metrics</c>. Of several
/// servers in one process each keeps its own: instruments are known by the factory that made their meter.
/// </summary>
internal sealed class MetricCollector : IDisposable
{
    private static readonly string[] s_meters = [ServerMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];
    private const string RuntimeMeter = "System.Runtime";

    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<MetricFamily> _families = new();
    private readonly Lock _reading = new();

    public MetricCollector(IMeterFactory factory)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if ((ReferenceEquals(instrument.Meter.Scope, factory) && s_meters.Contains(instrument.Meter.Name)) || (instrument.Meter.Scope is null && instrument.Meter.Name == RuntimeMeter))
            {
                var family = new MetricFamily(instrument);
                _families.Enqueue(family);
                listener.EnableMeasurementEvents(instrument, family);
            }
        };
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => ((MetricFamily)state!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<float>((_, value, tags, state) => ((MetricFamily)state!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => ((MetricFamily)state!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, state) => ((MetricFamily)state!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<short>((_, value, tags, state) => ((MetricFamily)state!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<byte>((_, value, tags, state) => ((MetricFamily)state!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<decimal>((_, value, tags, state) => ((MetricFamily)state!).Measure((double)value, tags));
        _listener.Start();
    }

    /// <summary>All numbers as of now, in the text format.</summary>
    public string Write()
    {
        lock (_reading)
        {
            foreach (MetricFamily family in _families)
            {
                family.BeginObservation();
            }
            _listener.RecordObservableInstruments();
            return PrometheusText.Write(_families);
        }
    }

    public void Dispose() => _listener.Dispose();
}
