using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Foretell.Server.Telemetry;

/// <summary>
/// Sends traces and metrics by OTLP to the endpoint that the standard variables name: OTEL_EXPORTER_OTLP_ENDPOINT and the rest of
/// <see href="https://opentelemetry.io/docs/specs/otel/protocol/exporter/"/>, which the exporter reads itself.
/// </summary>
internal sealed class OtlpExport : IHostedService, IDisposable
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string TracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    private const string MetricsEndpoint = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";

    private TracerProvider? _traces;
    private MeterProvider? _metrics;

    /// <summary>Whether an endpoint is named and telemetry is not switched off.</summary>
    public static bool IsConfigured =>
        (IsSet(Endpoint) || IsSet(TracesEndpoint) || IsSet(MetricsEndpoint))
        && !string.Equals(Environment.GetEnvironmentVariable("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (IsSet(Endpoint) || IsSet(TracesEndpoint))
        {
            _traces = Sdk.CreateTracerProviderBuilder().ConfigureResource(Name).AddSource(RequestObserver.SourceName, "Microsoft.AspNetCore").AddOtlpExporter().Build();
        }
        if (IsSet(Endpoint) || IsSet(MetricsEndpoint))
        {
            _metrics = Sdk.CreateMeterProviderBuilder().ConfigureResource(Name).AddMeter(ServerMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime").AddOtlpExporter().Build();
        }
        return Task.CompletedTask;
    }

    /// <summary>Sends what is left.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => Task.Run(Dispose, CancellationToken.None);

    public void Dispose()
    {
        _traces?.Dispose();
        _metrics?.Dispose();
    }

    private static void Name(ResourceBuilder resource)
    {
        if (!IsSet("OTEL_SERVICE_NAME"))
        {
            resource.AddService("foretell");
        }
    }

    private static bool IsSet(string variable) => !string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(variable));
}
