using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Foretell.Server.Wire;

/// <summary>Reads a request's JSON object.</summary>
internal static class JsonBody
{
    /// <exception cref="ApiException">The body is not a JSON object; the message says where it breaks.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpContext context)
    {
        JsonDocument document;
        try
        {
            document = await JsonDocument.ParseAsync(context.Request.Body, default, context.RequestAborted).ConfigureAwait(false);
        }
        catch (JsonException wrong)
        {
            throw ApiException.Invalid(null, string.Create(CultureInfo.InvariantCulture, $"The request's body is not valid JSON: it breaks at line {wrong.LineNumber + 1}, byte {wrong.BytePositionInLine + 1}."), "invalid_json");
        }
        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            return document;
        }
        document.Dispose();
        throw ApiException.Invalid(null, "The request's body is not a JSON object.", "invalid_json");
    }

    /// <exception cref="ApiException">The object has a member that is not known.</exception>
    public static void RequireKnown(JsonElement body, IReadOnlyCollection<string> known)
    {
        foreach (JsonProperty property in body.EnumerateObject())
        {
            if (!known.Contains(property.Name))
            {
                throw ApiException.Invalid(property.Name, $"Unrecognized request argument supplied: {property.Name}", "unknown_parameter");
            }
        }
    }
}
