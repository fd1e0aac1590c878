using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Server.Storage;
using Foretell.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Endpoints;

/// <summary>Kept chat completions: GET /v1/chat/completions, GET, POST (metadata) and DELETE /v1/chat/completions/{id}, GET /v1/chat/completions/{id}/messages.</summary>
internal static class StoredCompletions
{
    private const string Completions = "/v1/chat/completions";
    private const int LongestPage = 100;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Completions, ListAsync);
        routes.MapGet(Completions + "/{id}", GetAsync);
        routes.MapPost(Completions + "/{id}", UpdateAsync);
        routes.MapDelete(Completions + "/{id}", DeleteAsync);
        routes.MapGet(Completions + "/{id}/messages", MessagesAsync);
    }

    private static async Task ListAsync(HttpContext context)
    {
        PageRequest page = PageQuery.Read(context.Request, byDefault: 20, atMost: LongestPage, newestFirst: false);
        string? model = context.Request.Query["model"];
        Page<StoredCompletion> found = await Store(context).ListAsync(model, PageQuery.Metadata(context.Request), page, context.RequestAborted).ConfigureAwait(false);
        await JsonAnswer.WriteAsync(context.Response, writer => PageQuery.Write(writer, found, completion => completion.Id, Write)).ConfigureAwait(false);
    }

    private static async Task GetAsync(HttpContext context)
    {
        StoredCompletion completion = await NamedAsync(context).ConfigureAwait(false);
        await JsonAnswer.WriteAsync(context.Response, writer => Write(writer, completion)).ConfigureAwait(false);
    }

    private static async Task UpdateAsync(HttpContext context)
    {
        using JsonDocument body = await JsonBody.ReadAsync(context).ConfigureAwait(false);
        JsonBody.RequireKnown(body.RootElement, ["metadata"]);
        if (!body.RootElement.TryGetProperty("metadata", out _))
        {
            throw ApiException.Invalid("metadata", "You must provide metadata.", "missing_required_parameter");
        }
        StoredCompletion changed = await Store(context).UpdateMetadataAsync(Id(context), MetadataBody.Read(body.RootElement), context.RequestAborted).ConfigureAwait(false) ?? throw None(context);
        await JsonAnswer.WriteAsync(context.Response, writer => Write(writer, changed)).ConfigureAwait(false);
    }

    private static async Task DeleteAsync(HttpContext context)
    {
        if (!await Store(context).DeleteAsync(Id(context), context.RequestAborted).ConfigureAwait(false))
        {
            throw None(context);
        }
        await JsonAnswer.WriteAsync(context.Response, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("object", "chat.completion.deleted");
            writer.WriteString("id", Id(context));
            writer.WriteBoolean("deleted", true);
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private static async Task MessagesAsync(HttpContext context)
    {
        PageRequest page = PageQuery.Read(context.Request, byDefault: 20, atMost: LongestPage, newestFirst: false);
        StoredCompletion completion = await NamedAsync(context).ConfigureAwait(false);
        // A message has no identifier of its own: the completion's and its place, as OpenAI makes them.
        List<(string Id, JsonNode Message)> all = [.. JsonNode.Parse(completion.Messages)!.AsArray().Select((message, i) => (string.Create(CultureInfo.InvariantCulture, $"{completion.Id}-{i}"), message!))];
        if (page.NewestFirst)
        {
            all.Reverse();
        }
        int first = page.After is null ? 0 : all.FindIndex(message => message.Id == page.After) + 1;
        var found = new Page<(string Id, JsonNode Message)>([.. all.Skip(first).Take(page.Limit)], all.Count > first + page.Limit);
        await JsonAnswer.WriteAsync(context.Response, writer => PageQuery.Write(writer, found, message => message.Id, (to, message) =>
        {
            var shown = (JsonObject)message.Message.DeepClone();
            shown["id"] = message.Id;
            shown.WriteTo(to);
        })).ConfigureAwait(false);
    }

    /// <summary>The completion as it was sent, with its metadata as it is now.</summary>
    private static void Write(Utf8JsonWriter writer, StoredCompletion completion)
    {
        using JsonDocument sent = JsonDocument.Parse(completion.Completion);
        writer.WriteStartObject();
        foreach (JsonProperty property in sent.RootElement.EnumerateObject())
        {
            if (property.Name != "metadata")
            {
                property.WriteTo(writer);
            }
        }
        writer.WriteStartObject("metadata");
        foreach ((string name, string value) in completion.Metadata)
        {
            writer.WriteString(name, value);
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static async Task<StoredCompletion> NamedAsync(HttpContext context) =>
        await Store(context).FindAsync(Id(context), context.RequestAborted).ConfigureAwait(false) ?? throw None(context);

    private static ApiException None(HttpContext context) => ApiException.NotFound($"No stored completion found with id '{Id(context)}'.", "completion_id");

    private static string Id(HttpContext context) => (string)context.Request.RouteValues["id"]!;

    private static ICompletionStore Store(HttpContext context) => context.RequestServices.GetRequiredService<ICompletionStore>();
}
