using System.Text.Json;
using Foretell.Server.Catalog;
using Foretell.Server.Storage;
using Foretell.Server.Trust;
using Foretell.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Metering;

/// <summary>GET /admin/api/usage, /admin/api/usage.csv (both with from and to), /admin/api/audit (after, limit) and /admin/api/models.</summary>
internal static class UsageEndpoints
{
    private const int MostEntries = 1000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/admin/api/usage", UsageAsync);
        routes.MapGet("/admin/api/usage.csv", CsvAsync);
        routes.MapGet("/admin/api/audit", AuditAsync);
        routes.MapGet("/admin/api/models", ModelsAsync);
    }

    private static async Task UsageAsync(HttpContext context)
    {
        IReadOnlyList<UsageTotal> totals = await TotalsAsync(context).ConfigureAwait(false);
        Dictionary<string, string> names = await NamesAsync(context).ConfigureAwait(false);
        await ListAsync(context, totals, false, (writer, total) =>
        {
            writer.WriteString("key", total.Key);
            writer.WriteString("key_name", total.Key is string key ? names.GetValueOrDefault(key) : null);
            writer.WriteString("model", total.Model);
            writer.WriteString("endpoint", total.Endpoint);
            writer.WriteNumber("requests", total.Requests);
            writer.WriteNumber("prompt_tokens", total.PromptTokens);
            writer.WriteNumber("completion_tokens", total.CompletionTokens);
            writer.WriteNumber("milliseconds", total.Milliseconds);
        }).ConfigureAwait(false);
    }

    private static async Task CsvAsync(HttpContext context)
    {
        string csv = UsageCsv.Write(await TotalsAsync(context).ConfigureAwait(false), await NamesAsync(context).ConfigureAwait(false));
        context.Response.ContentType = UsageCsv.ContentType;
        context.Response.Headers.ContentDisposition = "attachment; filename=\"usage.csv\"";
        await context.Response.WriteAsync(csv, context.RequestAborted).ConfigureAwait(false);
    }

    private static async Task AuditAsync(HttpContext context)
    {
        string? limit = context.Request.Query["limit"];
        int most = limit is null ? 100 : int.TryParse(limit, out int given) && given is >= 1 and <= MostEntries ? given : throw ApiException.Invalid("limit", $"limit must be a whole number from 1 to {MostEntries}.");
        Page<AuditEntry> page = await context.RequestServices.GetRequiredService<IAuditStore>().ListAsync(new PageRequest(most, context.Request.Query["after"], NewestFirst: true), context.RequestAborted).ConfigureAwait(false);
        await ListAsync(context, page.Items, page.HasMore, (writer, entry) =>
        {
            writer.WriteString("id", entry.Id);
            writer.WriteNumber("time", entry.Time.ToUnixTimeSeconds());
            writer.WriteString("actor", entry.Actor);
            writer.WriteString("action", entry.Action);
            writer.WriteString("subject", entry.Subject);
            writer.WritePropertyName("detail");
            writer.WriteRawValue(entry.Detail);
        }).ConfigureAwait(false);
    }

    private static Task ModelsAsync(HttpContext context)
    {
        ModelCatalog catalog = context.RequestServices.GetRequiredService<ModelCatalog>();
        var loaded = catalog.LoadedModels.ToDictionary(model => model.Id, StringComparer.Ordinal);
        return ListAsync(context, catalog.All, false, (writer, model) =>
        {
            writer.WriteString("id", model.Id);
            writer.WriteNumber("created", model.Created.ToUnixTimeSeconds());
            writer.WriteBoolean("loaded", loaded.ContainsKey(model.Id));
            if (loaded.TryGetValue(model.Id, out Assistant.ForetellModel? served))
            {
                Inference.EngineStatistics statistics = served.Engine.Statistics;
                writer.WriteNumber("context", served.Engine.ContextLength);
                writer.WriteNumber("running", statistics.RunningSequences);
                writer.WriteNumber("waiting", served.Engine.QueueLength);
                writer.WriteNumber("cache_blocks", statistics.Blocks);
                writer.WriteNumber("cache_blocks_free", statistics.FreeBlocks);
                writer.WriteNumber("generated_tokens", statistics.GeneratedTokens);
            }
        });
    }

    private static async Task<IReadOnlyList<UsageTotal>> TotalsAsync(HttpContext context)
    {
        UsagePeriod period;
        try
        {
            period = UsagePeriod.Parse(context.Request.Query["from"], context.Request.Query["to"]);
        }
        catch (FormatException error)
        {
            throw ApiException.Invalid("from", error.Message);
        }
        return await context.RequestServices.GetRequiredService<IUsageStore>().TotalsAsync(period.From, period.To, context.RequestAborted).ConfigureAwait(false);
    }

    private static async Task<Dictionary<string, string>> NamesAsync(HttpContext context) =>
        (await context.RequestServices.GetRequiredService<KeyManager>().ListAsync(context.RequestAborted).ConfigureAwait(false)).ToDictionary(key => key.Id, key => key.Name, StringComparer.Ordinal);

    private static Task ListAsync<T>(HttpContext context, IEnumerable<T> items, bool hasMore, Action<Utf8JsonWriter, T> write) => JsonAnswer.WriteAsync(context.Response, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("object", "list");
        writer.WriteStartArray("data");
        foreach (T item in items)
        {
            writer.WriteStartObject();
            write(writer, item);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteBoolean("has_more", hasMore);
        writer.WriteEndObject();
    }, context.RequestAborted);
}
