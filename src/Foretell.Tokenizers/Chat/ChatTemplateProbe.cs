using System.Text.Json;

namespace Foretell.Tokenizers;

/// <summary>Learns by trial what a template can show, since nothing in it says so.</summary>
internal static class ChatTemplateProbe
{
    private const string Tool = "probe_tool", Key = "probe_key", Worth = "probe_value";

    /// <summary>Some templates demand ids of nine letters and digits.</summary>
    private const string CallId = "probecal1";

    public static bool KnowsTools(ChatTemplate template) =>
        Try(template, Opening, default) is string text && text.Contains(Tool, StringComparison.Ordinal);

    /// <summary>Whether a call's name and arguments reach the text, as JSON or otherwise but not as Python writes dictionaries.</summary>
    public static bool ShowsToolCalls(ChatTemplate template, ToolCallForm form)
    {
        ChatMessage[] messages =
        [
            new("user", "Hello"),
            new("assistant") { ToolCalls = [new ChatToolCall(Tool, Json($$"""{"{{Key}}": "{{Worth}}"}"""), CallId)] },
            new("tool", "Done") { Name = Tool, ToolCallId = CallId },
        ];

        // Without tools the text shows calls alone; a template that shows them only beside tools gets them.
        return Shows(new Conversation(messages)) || Shows(new Conversation(messages) { Tools = Opening.Tools });

        bool Shows(Conversation conversation) => Try(template, conversation, form) is string text && !WritesNone(conversation, text)
            && text.Contains(Tool, StringComparison.Ordinal) && text.Contains(Key, StringComparison.Ordinal) && text.Contains(Worth, StringComparison.Ordinal)
            && !text.Contains($"'{Key}'", StringComparison.Ordinal) && !text.Contains($"\\\"{Key}", StringComparison.Ordinal);

        // Python's word for missing content, printed.
        bool WritesNone(Conversation conversation, string text) => !form.EmptyContent && text.Contains("None", StringComparison.Ordinal)
            && Try(template, conversation, form with { EmptyContent = true })?.Contains("None", StringComparison.Ordinal) != true;
    }

    private static Conversation Opening => new([new ChatMessage("user", "Hello")])
    {
        Tools = [Json("""{"type": "function", "function": {"name": "NAME", "description": "Tries.", "parameters": {"type": "object", "properties": {"other": {"type": "string", "description": "Any."}}, "required": ["other"]}}}""".Replace("NAME", Tool, StringComparison.Ordinal))],
    };

    private static string? Try(ChatTemplate template, Conversation conversation, ToolCallForm form)
    {
        try
        {
            return template.Render(conversation with { Now = DateTimeOffset.UnixEpoch }, form).Text;
        }
        catch (ChatTemplateException)
        {
            return null;
        }
    }

    private static JsonElement Json(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
