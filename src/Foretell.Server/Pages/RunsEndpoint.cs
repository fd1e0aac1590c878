using System.Globalization;
using System.Text.Json;
using Foretell.Server.Wire;
using Foretell.Training.Reports;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Pages;

/// <summary>GET /api/runs and GET /api/runs/{id}/metrics?after=STEP: what the training page draws.</summary>
internal static class RunsEndpoint
{
    private const int MostEntries = 20_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/runs", ListAsync);
        routes.MapGet("/api/runs/{id}/metrics", MetricsAsync);
    }

    private static Task ListAsync(HttpContext context)
    {
        IReadOnlyList<RunSummary> runs = Runs(context).List();
        return JsonAnswer.WriteAsync(context.Response, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("data");
            foreach (RunSummary run in runs)
            {
                writer.WriteStartObject();
                writer.WriteString("id", run.Id);
                writer.WriteString("name", run.Name);
                writer.WriteString("algorithm", run.Algorithm);
                writer.WriteString("state", run.State);
                writer.WriteNumber("step", run.Step);
                if (run.Steps is long steps)
                {
                    writer.WriteNumber("steps", steps);
                }
                writer.WriteString("updated", run.Updated);
                if (run.Job is not null)
                {
                    writer.WriteString("job", run.Job);
                }
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }, context.RequestAborted);
    }

    private static Task MetricsAsync(HttpContext context)
    {
        string asked = context.Request.Query["after"].ToString();
        long after = -1;
        if (asked.Length > 0 && !long.TryParse(asked, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out after))
        {
            throw ApiException.Invalid("after", $"after is a step, a whole number; it was \"{asked}\".");
        }
        string id = Uri.UnescapeDataString((string)context.Request.RouteValues["id"]!);
        IReadOnlyList<MetricsEntry> entries = Runs(context).Metrics(id, after, MostEntries) ?? throw ApiException.NotFound($"There is no run {id}.");
        return JsonAnswer.WriteAsync(context.Response, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("entries");
            foreach (MetricsEntry entry in entries)
            {
                Write(writer, entry);
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }, context.RequestAborted);
    }

    private static void Write(Utf8JsonWriter writer, MetricsEntry entry)
    {
        writer.WriteStartObject();
        writer.WriteNumber("step", entry.Step);
        writer.WriteStartObject("values");
        foreach ((string name, double value) in entry.Values)
        {
            if (double.IsFinite(value))
            {
                writer.WriteNumber(name, value);
            }
            else
            {
                writer.WriteNull(name);
            }
        }
        writer.WriteEndObject();
        writer.WriteStartObject("texts");
        foreach ((string name, string text) in entry.Texts)
        {
            writer.WriteString(name, text);
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static RunCatalog Runs(HttpContext context) => context.RequestServices.GetRequiredService<RunCatalog>();
}
