using Foretell.Server.Catalog;
using Foretell.Server.Telemetry;
using Foretell.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Foretell.Server.Staying;

/// <summary>/healthz, /readyz, and an end that breaks nothing off.</summary>
internal sealed class StayingFeature : IServerFeature
{
    private const string Health = "/healthz";
    private const string Readiness = "/readyz";

    /// <summary>After which time a caller who was refused tries again: by then another server has its place, or this one is back.</summary>
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(5);

    public void AddServices(WebApplicationBuilder builder, ServerOptions options)
    {
        builder.Services.AddSingleton<ServerLife>();
        builder.Services.AddSingleton(options.Trust);
        builder.Services.AddSingleton<IHostLifetime, DrainingLifetime>();
    }

    public void Use(WebApplication app)
    {
        ServerLife life = app.Services.GetRequiredService<ServerLife>();
        ServerMetrics metrics = app.Services.GetRequiredService<ServerMetrics>();
        metrics.Meter.CreateObservableGauge("foretell.requests.active", () => life.Active, "{request}", "Requests that are being served.");
        app.Use((context, next) =>
        {
            PathString path = context.Request.Path;
            // Whoever watches the server sees how it ends.
            if (path == Health || path == Readiness || path == TelemetryFeature.MetricsPath)
            {
                return next(context);
            }
            if (!life.TryBegin(context))
            {
                metrics.Refuse("draining");
                context.Response.OnStarting(() =>
                {
                    context.Response.Headers.Connection = "close";
                    return Task.CompletedTask;
                });
                throw new ApiException(StatusCodes.Status503ServiceUnavailable, "The server is shutting down and takes no new requests; try again in a moment.", "server_error", code: "shutting_down", retryAfter: s_retry);
            }
            // Behind the last byte, so that nothing is broken off.
            context.Response.OnCompleted(() =>
            {
                life.End(context);
                return Task.CompletedTask;
            });
            return next(context);
        });
    }

    public void Map(IEndpointRouteBuilder routes)
    {
        ServerLife life = routes.ServiceProvider.GetRequiredService<ServerLife>();
        ModelCatalog catalog = routes.ServiceProvider.GetRequiredService<ModelCatalog>();
        routes.MapGet(Health, context => WriteAsync(context, StatusCodes.Status200OK, "alive"));
        routes.MapGet(Readiness, context => life.IsDraining ? WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "draining")
            : catalog.StartFailure is not null ? WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "failed")
            : catalog.IsReady ? WriteAsync(context, StatusCodes.Status200OK, "ready")
            : WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "loading"));
    }

    private static Task WriteAsync(HttpContext context, int status, string word)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.CacheControl = "no-store";
        return JsonAnswer.WriteAsync(context.Response, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("status", word);
            writer.WriteEndObject();
        }, context.RequestAborted);
    }
}
