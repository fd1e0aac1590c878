using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Spoken = Foretell.Tokenizers.ChatMessage;

namespace Foretell.Assistant;

/// <summary>Messages of Microsoft.Extensions.AI as those of a chat template.</summary>
internal static class MessageReader
{
    /// <summary>Models read what a tool gave as it is written: without line breaks, and with letters as letters.</summary>
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads a conversation, with instructions (where given) as the system's first words.</summary>
    /// <exception cref="ArgumentException">There is no message, or one holds what a text model cannot read; the sentence says which and what.</exception>
    public static List<Spoken> Read(IEnumerable<ChatMessage> messages, string? instructions)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var read = new List<Spoken>();
        var toolNames = new Dictionary<string, string>();
        if (instructions is { Length: > 0 })
        {
            read.Add(new Spoken("system", instructions));
        }
        int index = 0;
        foreach (ChatMessage message in messages)
        {
            Add(read, message, index++, toolNames);
        }
        return index > 0 ? read : throw new ArgumentException("messages: the conversation has no messages; give at least one.", nameof(messages));
    }

    /// <summary>A JSON value for any value that a program hands over as a tool's argument or result.</summary>
    public static JsonElement ToJson(object? value) => value is JsonElement element ? element : ToJson(value, value?.GetType() ?? typeof(object));

    private static JsonElement ToJson(object? value, Type type)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Compact))
        {
            JsonSerializer.Serialize(writer, value, AIJsonUtilities.DefaultOptions.GetTypeInfo(type));
        }
        var reader = new Utf8JsonReader(buffer.WrittenSpan);
        return JsonElement.ParseValue(ref reader);
    }

    private static void Add(List<Spoken> read, ChatMessage message, int index, Dictionary<string, string> toolNames)
    {
        var text = new System.Text.StringBuilder();
        var reasoning = new System.Text.StringBuilder();
        var calls = new List<Tokenizers.ChatToolCall>();
        int results = 0;
        foreach (AIContent content in message.Contents)
        {
            switch (content)
            {
                case TextContent said:
                    text.Append(said.Text);
                    break;
                case TextReasoningContent thought when message.Role == ChatRole.Assistant:
                    reasoning.Append(thought.Text);
                    break;
                case FunctionCallContent call when message.Role == ChatRole.Assistant:
                    toolNames[call.CallId] = call.Name;
                    calls.Add(new Tokenizers.ChatToolCall(call.Name, Arguments(call), call.CallId));
                    break;
                case FunctionResultContent result when message.Role == ChatRole.Tool:
                    results++;
                    read.Add(new Spoken("tool", ResultText(result)) { ToolCallId = result.CallId, Name = toolNames.GetValueOrDefault(result.CallId) });
                    break;
                case UsageContent:
                    // Left by an earlier answer; nothing that was said.
                    break;
                default:
                    throw new ArgumentException(FormattableString.Invariant($"messages: message {index} (role {message.Role}) holds {content.GetType().Name}, which cannot stand there; a message holds text, an assistant's also reasoning and tool calls, a tool's the results."), nameof(message));
            }
        }
        if (results > 0 && text.Length > 0)
        {
            throw new ArgumentException(FormattableString.Invariant($"messages: message {index} (role tool) holds both text and results; give the text as a result."), nameof(message));
        }
        if (results == 0)
        {
            read.Add(new Spoken(message.Role.Value, text.Length > 0 || calls.Count == 0 ? text.ToString() : null)
            {
                Name = message.AuthorName,
                ToolCalls = calls,
                ReasoningContent = reasoning.Length > 0 ? reasoning.ToString() : null,
            });
        }
    }

    private static JsonElement Arguments(FunctionCallContent call) => ToJson(call.Arguments ?? new Dictionary<string, object?>(), typeof(IDictionary<string, object?>));

    private static string ResultText(FunctionResultContent result) => result.Result switch
    {
        string text => text,
        null when result.Exception is Exception error => $"Error: {error.Message}",
        object value when ToJson(value) is var json => json.ValueKind == JsonValueKind.String ? json.GetString()! : json.GetRawText(),
        _ => "",
    };
}
