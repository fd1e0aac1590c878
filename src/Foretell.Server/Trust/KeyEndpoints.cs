using System.Globalization;
using System.Text.Json;
using Foretell.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Trust;

/// <summary>GET and POST /admin/api/keys, GET and DELETE /admin/api/keys/{id}. Times are Unix seconds.</summary>
internal static class KeyEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/admin/api/keys", ListAsync);
        routes.MapPost("/admin/api/keys", CreateAsync);
        routes.MapGet("/admin/api/keys/{id}", GetAsync);
        routes.MapDelete("/admin/api/keys/{id}", RevokeAsync);
    }

    private static async Task ListAsync(HttpContext context)
    {
        IReadOnlyList<ApiKey> keys = await Manager(context).ListAsync(context.RequestAborted).ConfigureAwait(false);
        await JsonAnswer.WriteAsync(context.Response, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("object", "list");
            writer.WriteStartArray("data");
            foreach (ApiKey key in keys)
            {
                Write(writer, key, null);
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>{"name", "scopes": ["inference", ...], "expires_at"?, "requests_per_minute"?, "tokens_per_minute"?}; the answer holds the secret, this once.</summary>
    private static async Task CreateAsync(HttpContext context)
    {
        using JsonDocument body = await ReadAsync(context).ConfigureAwait(false);
        JsonElement root = body.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw ApiException.Invalid(null, "The body must be an object with name and scopes.");
        }
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.Name is not ("name" or "scopes" or "expires_at" or "requests_per_minute" or "tokens_per_minute"))
            {
                throw ApiException.Invalid(property.Name, $"Unrecognized request argument: {property.Name}. Known are name, scopes, expires_at, requests_per_minute and tokens_per_minute.");
            }
        }
        string name = root.TryGetProperty("name", out JsonElement given) && given.ValueKind == JsonValueKind.String ? given.GetString()! : throw ApiException.Invalid("name", "A key needs a name, to tell keys apart by.");
        try
        {
            (ApiKey key, string secret) = await Manager(context).CreateAsync(
                RequestRecord.Of(context).Caller ?? "anonymous", name, Scopes(root), Time(root), new KeyLimits(Number(root, "requests_per_minute"), Number(root, "tokens_per_minute")), context.RequestAborted).ConfigureAwait(false);
            context.RequestServices.GetRequiredService<KeyRing>().Forget();
            context.Response.StatusCode = StatusCodes.Status201Created;
            context.Response.Headers.CacheControl = "no-store";
            await JsonAnswer.WriteAsync(context.Response, writer => Write(writer, key, secret), context.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception error) when (error is ArgumentException or FormatException)
        {
            throw ApiException.Invalid(null, error.Message);
        }
    }

    private static async Task GetAsync(HttpContext context)
    {
        ApiKey key = await Manager(context).FindAsync(Id(context), context.RequestAborted).ConfigureAwait(false) ?? throw NoKey(context);
        await JsonAnswer.WriteAsync(context.Response, writer => Write(writer, key, null), context.RequestAborted).ConfigureAwait(false);
    }

    private static async Task RevokeAsync(HttpContext context)
    {
        await Manager(context).RevokeAsync(RequestRecord.Of(context).Caller ?? "anonymous", Id(context), context.RequestAborted).ConfigureAwait(false);
        context.RequestServices.GetRequiredService<KeyRing>().Forget();
        await GetAsync(context).ConfigureAwait(false);
    }

    private static async Task<JsonDocument> ReadAsync(HttpContext context)
    {
        try
        {
            return await JsonDocument.ParseAsync(context.Request.Body, default, context.RequestAborted).ConfigureAwait(false);
        }
        catch (JsonException error)
        {
            throw ApiException.Invalid(null, string.Create(CultureInfo.InvariantCulture, $"The body is not valid JSON: something is wrong at line {(error.LineNumber ?? 0) + 1}, byte {(error.BytePositionInLine ?? 0) + 1}."), "invalid_json");
        }
    }

    private static KeyScopes Scopes(JsonElement root) =>
        root.TryGetProperty("scopes", out JsonElement scopes) && scopes.ValueKind == JsonValueKind.Array && scopes.EnumerateArray().All(scope => scope.ValueKind == JsonValueKind.String)
            ? KeyScopeNames.Parse(string.Join(',', scopes.EnumerateArray().Select(scope => scope.GetString())))
            : throw ApiException.Invalid("scopes", "scopes must be an array of names, such as [\"inference\"].");

    private static DateTimeOffset? Time(JsonElement root) =>
        !root.TryGetProperty("expires_at", out JsonElement time) || time.ValueKind == JsonValueKind.Null ? null
        : time.ValueKind == JsonValueKind.Number && time.TryGetInt64(out long seconds) && seconds is >= 0 and < 253_402_300_800 ? DateTimeOffset.FromUnixTimeSeconds(seconds)
        : throw ApiException.Invalid("expires_at", "expires_at must be a time in Unix seconds, or null for never.");

    private static int? Number(JsonElement root, string name) =>
        !root.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number
        : throw ApiException.Invalid(name, $"{name} must be a whole number of at least 1, or null for no limit.");

    private static void Write(Utf8JsonWriter writer, ApiKey key, string? secret)
    {
        writer.WriteStartObject();
        writer.WriteString("object", "key");
        writer.WriteString("id", key.Id);
        writer.WriteString("name", key.Name);
        writer.WriteString("prefix", key.Prefix);
        writer.WriteStartArray("scopes");
        foreach (string scope in KeyScopeNames.List(key.Scopes))
        {
            writer.WriteStringValue(scope);
        }
        writer.WriteEndArray();
        writer.WriteNumber("created_at", key.Created.ToUnixTimeSeconds());
        WriteNumber(writer, "expires_at", key.Expires?.ToUnixTimeSeconds());
        WriteNumber(writer, "revoked_at", key.Revoked?.ToUnixTimeSeconds());
        WriteNumber(writer, "requests_per_minute", key.Limits.RequestsPerMinute);
        WriteNumber(writer, "tokens_per_minute", key.Limits.TokensPerMinute);
        if (secret is not null)
        {
            writer.WriteString("key", secret);
        }
        writer.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter writer, string name, long? number)
    {
        if (number is long known)
        {
            writer.WriteNumber(name, known);
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    private static ApiException NoKey(HttpContext context) => ApiException.NotFound($"There is no key {Id(context)}.", "id");

    private static string Id(HttpContext context) => (string)context.Request.RouteValues["id"]!;

    private static KeyManager Manager(HttpContext context) => context.RequestServices.GetRequiredService<KeyManager>();
}
