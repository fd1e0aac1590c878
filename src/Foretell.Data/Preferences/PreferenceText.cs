using System.Text;
using System.Text.Json;
using Foretell.Tokenizers;

namespace Foretell.Data;

/// <summary>What messages say, as text: to compare them, and to write them down.</summary>
public static class PreferenceText
{
    /// <summary>A text that is equal for messages that say the same; white space around contents does not count.</summary>
    public static string Key(IEnumerable<ChatMessage> messages)
    {
        var key = new StringBuilder();
        foreach (ChatMessage message in messages)
        {
            key.Append(message.Role).Append('\u001f').Append(Key(message)).Append('\u001e');
        }
        return key.ToString();
    }

    /// <summary>The same of one message, without its role.</summary>
    public static string Key(ChatMessage message)
    {
        var key = new StringBuilder((message.Content ?? "").Trim());
        foreach (JsonElement part in message.Parts ?? [])
        {
            key.Append('\u001d').Append(part.GetRawText());
        }
        foreach (ChatToolCall call in message.ToolCalls)
        {
            key.Append('\u001d').Append(call.Name).Append(call.Arguments.GetRawText());
        }
        return message.ReasoningContent is string thoughts ? key.Append('\u001c').Append(thoughts.Trim()).ToString() : key.ToString();
    }

    /// <summary>Whether a message says nothing at all.</summary>
    public static bool IsEmpty(ChatMessage message) => string.IsNullOrWhiteSpace(message.Content) && message.Parts is null && message.ToolCalls.Count == 0;

    /// <summary>Writes a pair as one line of JSON that <see cref="PreferenceSet.Read"/> reads back, its line break included.</summary>
    public static string ToJson(PreferencePair pair)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartArray("prompt");
            foreach (ChatMessage message in pair.Prompt)
            {
                Write(json, message);
            }
            json.WriteEndArray();
            foreach ((string name, ChatMessage answer) in new[] { ("chosen", pair.Chosen), ("rejected", pair.Rejected) })
            {
                json.WriteStartArray(name);
                Write(json, answer);
                json.WriteEndArray();
            }
            if (pair.Margin != 0)
            {
                json.WriteNumber("margin", pair.Margin);
            }
            if (pair.Labeller is not null)
            {
                json.WriteString("labeller", pair.Labeller);
            }
            if (pair.Confidence is double confidence)
            {
                json.WriteNumber("confidence", Math.Round(confidence, 6));
            }
            if (pair.IsTrue is bool truth)
            {
                json.WriteString("truth", truth ? "chosen" : "rejected");
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    private static void Write(Utf8JsonWriter json, ChatMessage message)
    {
        json.WriteStartObject();
        json.WriteString("role", message.Role);
        if (message.Parts is not null)
        {
            json.WriteStartArray("content");
            foreach (JsonElement part in message.Parts)
            {
                part.WriteTo(json);
            }
            json.WriteEndArray();
        }
        else
        {
            json.WriteString("content", message.Content);
        }
        if (message.ReasoningContent is not null)
        {
            json.WriteString("reasoning_content", message.ReasoningContent);
        }
        if (message.ToolCallId is not null)
        {
            json.WriteString("tool_call_id", message.ToolCallId);
        }
        if (message.ToolCalls.Count > 0)
        {
            json.WriteStartArray("tool_calls");
            foreach (ChatToolCall call in message.ToolCalls)
            {
                json.WriteStartObject();
                json.WriteString("type", "function");
                if (call.Id is not null)
                {
                    json.WriteString("id", call.Id);
                }
                json.WriteStartObject("function");
                json.WriteString("name", call.Name);
                json.WritePropertyName("arguments");
                call.Arguments.WriteTo(json);
                json.WriteEndObject();
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }
}
