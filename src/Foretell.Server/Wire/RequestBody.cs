using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Foretell.Server.Wire;

/// <summary>Reads the JSON that a request carries.</summary>
internal static class RequestBody
{
    /// <summary>The object in a request's body.</summary>
    /// <exception cref="ApiException">400: it is not JSON (with the place where that ends), or no object.</exception>
    public static async Task<Fields> ReadAsync(HttpContext context)
    {
        PipeReader body = context.Request.BodyReader;
        ReadResult read;
        do
        {
            // Examined and not consumed: the whole body lies in the pipe's buffers, whose size the limit on bodies bounds.
            read = await body.ReadAsync(context.RequestAborted).ConfigureAwait(false);
            if (!read.IsCompleted)
            {
                body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        while (!read.IsCompleted);
        JsonElement json;
        try
        {
            json = Parse(read.Buffer);
        }
        finally
        {
            // Whatever it holds: a body that is not taken ends the connection, and with it the caller's next request.
            body.AdvanceTo(read.Buffer.End);
        }
        return json.ValueKind == JsonValueKind.Object
            ? new Fields(json)
            : throw new ApiException(400, $"The request's body is {Fields.KindOf(json)}; expected a JSON object.", code: "invalid_json");
    }

    private static JsonElement Parse(ReadOnlySequence<byte> body)
    {
        if (body.IsEmpty)
        {
            throw new ApiException(400, "The request has no body; expected a JSON object.", code: "invalid_json");
        }
        try
        {
            var reader = new Utf8JsonReader(body);
            JsonElement json = JsonElement.ParseValue(ref reader);
            // White space may follow, anything else is an error that the reader finds.
            reader.Read();
            return json;
        }
        catch (JsonException error)
        {
            throw new ApiException(400, FormattableString.Invariant($"The request's body is not valid JSON at line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}."), code: "invalid_json");
        }
        catch (InvalidOperationException)
        {
            throw new ApiException(400, "The request's body holds text that is not valid UTF-8.", code: "invalid_json");
        }
    }
}
