using System.Text;
using System.Text.Json;
using Foretell.Tokenizers;

namespace Foretell.Server.Wire;

/// <summary>Reads the messages of a chat request.</summary>
internal static class MessageWire
{
    /// <summary>Messages as chat templates know them: developers speak as the system, parts of text are put together.</summary>
    /// <exception cref="ApiException">A message is malformed or holds what a text model cannot read; the error names the place.</exception>
    public static List<ChatMessage> Read(IReadOnlyList<JsonElement>? messages)
    {
        if (messages is null)
        {
            throw ApiException.Invalid("messages", "Missing required parameter: 'messages'.", "missing_required_parameter");
        }
        if (messages.Count == 0)
        {
            throw ApiException.Invalid("messages", "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.", "empty_array");
        }
        var read = new List<ChatMessage>(messages.Count);
        var toolNames = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int index = 0; index < messages.Count; index++)
        {
            read.Add(Read(Fields.Object(messages[index], $"messages[{index}]"), toolNames));
        }
        return read;
    }

    private static ChatMessage Read(Fields message, Dictionary<string, string> toolNames)
    {
        string role = message.Word("role", "system", "developer", "user", "assistant", "tool") ?? throw message.Missing("role");
        bool isAssistant = role == "assistant";
        string? text = Content(message, "content", allowsRefusal: isAssistant);
        string? name = message.Text("name");
        var calls = new List<ChatToolCall>();
        string? reasoning = null;
        string? callId = null;
        if (isAssistant)
        {
            calls = Calls(message, toolNames);
            reasoning = message.Text("reasoning_content") ?? message.Text("reasoning");
            message.Accept("reasoning", "annotations", "parsed");
            text ??= message.Text("refusal");
            message.Accept("refusal");
            message.Refuse("audio", "this server's models read text");
            message.Refuse("function_call", "use tool_calls");
        }
        else if (role == "tool")
        {
            callId = message.RequiredText("tool_call_id");
            name ??= toolNames.GetValueOrDefault(callId);
        }
        message.RequireAllKnown();
        if (text is null && calls.Count == 0)
        {
            throw isAssistant && reasoning is not null ? ApiException.Invalid(message.PathOf("content"), $"'{message.PathOf("content")}' is missing; an assistant's message has content or tool_calls.") : message.Missing("content");
        }
        return new ChatMessage(role == "developer" ? "system" : role, text)
        {
            Name = name,
            ToolCalls = calls,
            ToolCallId = callId,
            ReasoningContent = string.IsNullOrEmpty(reasoning) ? null : reasoning,
        };
    }

    /// <summary>Content as a text or as parts of text.</summary>
    /// <param name="allowsRefusal">Whether parts may be what an assistant refused with.</param>
    public static string? Content(Fields holder, string name, bool allowsRefusal)
    {
        if (holder.Any(name) is not JsonElement content)
        {
            return null;
        }
        string path = holder.PathOf(name);
        if (content.ValueKind != JsonValueKind.Array)
        {
            return content.ValueKind == JsonValueKind.String ? Fields.Text(content, path) : throw Fields.Wrong(path, content, "a string or an array of content parts");
        }
        var text = new StringBuilder();
        int index = 0;
        foreach (JsonElement item in content.EnumerateArray())
        {
            var part = Fields.Object(item, $"{path}[{index++}]");
            string type = part.RequiredText("type");
            part.Accept("annotations", "logprobs", "prompt_cache_breakpoint");
            text.Append(type switch
            {
                "text" or "input_text" or "output_text" => part.RequiredText("text"),
                "refusal" when allowsRefusal => part.RequiredText("refusal"),
                "image_url" or "input_image" => throw ApiException.Invalid(part.PathOf("type"), $"'{part.PathOf("type")}' is '{type}', and this server's models read text; leave images out.", "unsupported_content"),
                _ => throw ApiException.Invalid(part.PathOf("type"), $"'{part.PathOf("type")}' is '{type}', and this server's models read text; send parts of type 'text'.", "unsupported_content"),
            });
            part.RequireAllKnown();
        }
        return text.ToString();
    }

    private static List<ChatToolCall> Calls(Fields message, Dictionary<string, string> toolNames)
    {
        var calls = new List<ChatToolCall>();
        foreach (JsonElement item in message.Array("tool_calls") ?? [])
        {
            var call = Fields.Object(item, $"{message.PathOf("tool_calls")}[{calls.Count}]");
            call.Word("type", "function");
            call.Accept("index");
            string id = call.RequiredText("id");
            Fields function = call.Object("function") ?? throw call.Missing("function");
            string name = function.RequiredText("name");
            calls.Add(Call(name, function.Text("arguments") ?? "", id));
            function.RequireAllKnown();
            call.RequireAllKnown();
            toolNames[id] = name;
        }
        return calls;
    }

    /// <summary>A call whose arguments are JSON in a text; what a model wrote may not be JSON, and the template then gets it as it is.</summary>
    public static ChatToolCall Call(string name, string arguments, string id)
    {
        if (string.IsNullOrWhiteSpace(arguments))
        {
            arguments = "{}";
        }
        try
        {
            using JsonDocument document = JsonDocument.Parse(arguments);
            return new ChatToolCall(name, document.RootElement.Clone(), id);
        }
        catch (JsonException)
        {
            return new ChatToolCall(name, JsonElementOf(arguments), id);
        }
    }

    private static JsonElement JsonElementOf(string text)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStringValue(text);
        }
        return JsonElement.Parse(buffer.WrittenSpan);
    }
}
