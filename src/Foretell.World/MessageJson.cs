using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Foretell.Tokenizers;

namespace Foretell.World;

/// <summary>A line of a data set: a conversation in OpenAI's form, and beside it what a verifier or judge needs.</summary>
internal static class MessageJson
{
    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One line without its end: <c>{"messages": [...], NAME: {...}}</c>.</summary>
    /// <param name="messages">The conversation; thoughts are written as reasoning_content.</param>
    /// <param name="name">The name of the second field.</param>
    /// <param name="writeFields">Writes the fields of its object.</param>
    public static string Line(IReadOnlyList<ChatMessage> messages, string name, Action<Utf8JsonWriter> writeFields)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, _options))
        {
            json.WriteStartObject();
            json.WriteStartArray("messages");
            foreach (ChatMessage message in messages)
            {
                json.WriteStartObject();
                json.WriteString("role", message.Role);
                if (message.ReasoningContent is not null)
                {
                    json.WriteString("reasoning_content", message.ReasoningContent);
                }
                json.WriteString("content", message.Content);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartObject(name);
            writeFields(json);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
