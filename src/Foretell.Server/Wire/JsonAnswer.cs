using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Foretell.Server.Wire;

/// <summary>Writes a whole JSON answer.</summary>
internal static class JsonAnswer
{
    /// <summary>Letters stay letters, as OpenAI sends them.</summary>
    public static JsonWriterOptions Options { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Task WriteAsync(HttpResponse response, Action<Utf8JsonWriter> write, CancellationToken cancellation = default) =>
        WriteAsync(response, "application/json", write, cancellation);

    public static async Task WriteAsync(HttpResponse response, string contentType, Action<Utf8JsonWriter> write, CancellationToken cancellation = default)
    {
        // Whole before the first byte goes out: a failure in writing it is an error, not half an answer.
        ArrayBufferWriter<byte> buffer = Buffer(write);
        response.ContentType = contentType;
        response.ContentLength = buffer.WrittenCount;
        await response.Body.WriteAsync(buffer.WrittenMemory, cancellation).ConfigureAwait(false);
    }

    /// <summary>The JSON as text.</summary>
    public static string Text(Action<Utf8JsonWriter> write) => Encoding.UTF8.GetString(Buffer(write).WrittenSpan);

    private static ArrayBufferWriter<byte> Buffer(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            write(writer);
        }
        return buffer;
    }
}
