using System.Diagnostics.Metrics;
using Foretell.Server.Catalog;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Foretell.Server.Telemetry;

/// <summary>Metrics at /metrics and by OTLP, traces by OTLP, and lines of JSON on the error output.</summary>
internal sealed class TelemetryFeature : IServerFeature
{
    public const string MetricsPath = "/metrics";

    public void AddServices(WebApplicationBuilder builder, ServerOptions options)
    {
        builder.Services.AddMetrics();
        builder.Services.AddSingleton(services => new ServerMetrics(services.GetRequiredService<IMeterFactory>()));
        builder.Services.AddSingleton(services => new MetricCollector(services.GetRequiredService<IMeterFactory>()));
        if (OtlpExport.IsConfigured)
        {
            builder.Services.AddHostedService<OtlpExport>();
        }
        builder.Logging.SetMinimumLevel(options.Trust.LogLevel);
        // What keeps it from starting is thrown to whoever starts it, who says it once.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        builder.Logging.ClearProviders();
        builder.Logging.AddConsole(console =>
        {
            console.FormatterName = JsonLineFormatter.FormatterName;
            console.LogToStandardErrorThreshold = LogLevel.Trace;
        });
        builder.Logging.AddConsoleFormatter<JsonLineFormatter, ConsoleFormatterOptions>();
    }

    public void Use(WebApplication app)
    {
        // From the beginning, so that nothing is missed before the first look.
        _ = app.Services.GetRequiredService<MetricCollector>();
        app.UseMiddleware<RequestObserver>();
    }

    public void Map(IEndpointRouteBuilder routes)
    {
        MetricCollector collector = routes.ServiceProvider.GetRequiredService<MetricCollector>();
        EngineGauges.Create(routes.ServiceProvider.GetRequiredService<ServerMetrics>().Meter, routes.ServiceProvider.GetRequiredService<ModelCatalog>());
        routes.MapGet(MetricsPath, context =>
        {
            context.Response.ContentType = PrometheusText.ContentType;
            context.Response.Headers.CacheControl = "no-store";
            return context.Response.WriteAsync(collector.Write(), context.RequestAborted);
        });
    }
}
