using System.Text.Json.Nodes;
using Foretell.Server.Responses;
using Foretell.Server.Storage;
using Foretell.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Endpoints;

/// <summary>GET and DELETE /v1/responses/{id}, POST /v1/responses/{id}/cancel, GET /v1/responses/{id}/input_items.</summary>
internal static class KeptResponses
{
    private const int UsualItems = 20;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/responses/{id}", GetAsync);
        routes.MapDelete("/v1/responses/{id}", DeleteAsync);
        routes.MapPost("/v1/responses/{id}/cancel", CancelAsync);
        routes.MapGet("/v1/responses/{id}/input_items", ListInputAsync);
    }

    private static async Task GetAsync(HttpContext context)
    {
        if (context.Request.Query["stream"] == "true")
        {
            throw ApiException.Invalid("stream", "Unsupported parameter: 'stream': a kept response is read whole.", "unsupported_parameter");
        }
        await SendAsync(context, await FindAsync(context).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private static async Task DeleteAsync(HttpContext context)
    {
        string id = (string)context.Request.RouteValues["id"]!;
        await context.RequestServices.GetRequiredService<BackgroundResponses>().CancelAsync(id).ConfigureAwait(false);
        if (!await Store(context).DeleteAsync(id, context.RequestAborted).ConfigureAwait(false))
        {
            throw Missing(id);
        }
        await JsonAnswer.WriteAsync(context.Response, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("id", id);
            writer.WriteString("object", "response");
            writer.WriteBoolean("deleted", true);
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private static async Task CancelAsync(HttpContext context)
    {
        StoredResponse response = await FindAsync(context).ConfigureAwait(false);
        if ((bool?)JsonNode.Parse(response.Response)!["background"] is not true)
        {
            throw new ApiException(400, "Only responses created with 'background' can be cancelled.");
        }
        await context.RequestServices.GetRequiredService<BackgroundResponses>().CancelAsync(response.Id).ConfigureAwait(false);
        await SendAsync(context, await FindAsync(context).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private static async Task ListInputAsync(HttpContext context)
    {
        IQueryCollection query = context.Request.Query;
        int limit = query["limit"].Count == 0 ? UsualItems
            : int.TryParse(query["limit"], out int given) && given is >= 1 and <= 100 ? given
            : throw ApiException.Invalid("limit", $"Invalid 'limit': expected 1 to 100, but got '{query["limit"]}' instead.");
        bool isAscending = query["order"].ToString() switch
        {
            "" or "desc" => false,
            "asc" => true,
            string other => throw ApiException.Invalid("order", $"Invalid value: '{other}'. Supported values are: 'asc' and 'desc'."),
        };
        StoredResponse response = await FindAsync(context).ConfigureAwait(false);
        JsonNode[] items = [.. JsonNode.Parse(response.Input)!.AsArray().Select(item => item!)];
        if (!isAscending)
        {
            Array.Reverse(items);
        }
        if (query["after"].Count > 0)
        {
            int after = Array.FindIndex(items, item => (string?)item["id"] == query["after"]);
            items = after < 0 ? throw ApiException.Invalid("after", $"There is no item '{query["after"]}' in the input of '{response.Id}'.") : items[(after + 1)..];
        }
        JsonNode[] page = [.. items.Take(limit)];
        await JsonAnswer.WriteAsync(context.Response, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("object", "list");
            writer.WriteStartArray("data");
            foreach (JsonNode item in page)
            {
                item.WriteTo(writer);
            }
            writer.WriteEndArray();
            writer.WriteString("first_id", (string?)page.FirstOrDefault()?["id"]);
            writer.WriteString("last_id", (string?)page.LastOrDefault()?["id"]);
            writer.WriteBoolean("has_more", items.Length > page.Length);
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private static async Task<StoredResponse> FindAsync(HttpContext context)
    {
        string id = (string)context.Request.RouteValues["id"]!;
        return await Store(context).FindAsync(id, context.RequestAborted).ConfigureAwait(false) ?? throw Missing(id);
    }

    private static Task SendAsync(HttpContext context, StoredResponse response)
    {
        JsonNode json = JsonNode.Parse(response.Response)!;
        if (response.Status is "in_progress" or "queued" && !context.RequestServices.GetRequiredService<BackgroundResponses>().IsRunning(response.Id))
        {
            // The server ended while it was written.
            json["status"] = "failed";
            json["error"] = new JsonObject { ["code"] = "server_error", ["message"] = "The server ended before the response was whole." };
        }
        return JsonAnswer.WriteAsync(context.Response, writer => json.WriteTo(writer));
    }

    private static ApiException Missing(string id) => ApiException.NotFound($"Response with id '{id}' not found.", "id");

    private static IResponseStore Store(HttpContext context) => context.RequestServices.GetRequiredService<IResponseStore>();
}
