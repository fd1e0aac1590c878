using System.Text.Json;

namespace Foretell.Tokenizers;

/// <summary>A call of a tool that the assistant made.</summary>
/// <param name="Name">The function's name.</param>
/// <param name="Arguments">Its arguments, a JSON object.</param>
/// <param name="Id">What the tool's answer refers to, or null.</param>
public sealed record ChatToolCall(string Name, JsonElement Arguments, string? Id = null);

/// <summary>One message of a conversation.</summary>
/// <param name="Role">Who speaks: system, user, assistant, tool, or what else the template knows.</param>
/// <param name="Content">The words; null where there are none (a message of tool calls) or where there are <see cref="Parts"/>.</param>
public sealed record ChatMessage(string Role, string? Content = null)
{
    /// <summary>Content in parts, JSON objects such as {"type": "text", "text": "..."}, in the place of <see cref="Content"/>; null where it is plain.</summary>
    public IReadOnlyList<JsonElement>? Parts { get; init; }

    /// <summary>The speaker's or tool's name, or null.</summary>
    public string? Name { get; init; }

    /// <summary>The tools that the assistant calls here. Default none.</summary>
    public IReadOnlyList<ChatToolCall> ToolCalls { get; init; } = [];

    /// <summary>Which call this tool's answer belongs to, or null.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>What the assistant thought before it answered, or null.</summary>
    public string? ReasoningContent { get; init; }

    /// <summary>Fields of other names, given to the template as they are. Default none.</summary>
    public IReadOnlyDictionary<string, JsonElement> OtherFields { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>
    /// Reads a message in the form of OpenAI's and Hugging Face's APIs: role, content (text, parts or null), name,
    /// tool_calls, tool_call_id, reasoning_content. A tool call's arguments may be an object or text that holds one.
    /// </summary>
    /// <exception cref="FormatException">The message lacks a role, or a field is of the wrong type.</exception>
    public static ChatMessage Parse(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException($"A message is {Kind(json)}; expected an object with \"role\" and \"content\".");
        }
        var others = new Dictionary<string, JsonElement>();
        var message = new ChatMessage(json.TryGetProperty("role", out JsonElement role) && role.ValueKind == JsonValueKind.String
            ? role.GetString()!
            : throw new FormatException("A message has no \"role\"; expected one such as \"user\"."));
        foreach (JsonProperty field in json.EnumerateObject())
        {
            JsonElement value = field.Value;
            switch (field.Name)
            {
                case "role":
                    break;
                case "content" when value.ValueKind == JsonValueKind.Array:
                    message = message with { Parts = [.. value.EnumerateArray().Select(part => part.Clone())] };
                    break;
                case "content":
                    message = message with { Content = Text(field) };
                    break;
                case "name":
                    message = message with { Name = Text(field) };
                    break;
                case "tool_call_id":
                    message = message with { ToolCallId = Text(field) };
                    break;
                case "reasoning_content":
                    message = message with { ReasoningContent = Text(field) };
                    break;
                case "tool_calls" when value.ValueKind == JsonValueKind.Array:
                    message = message with { ToolCalls = [.. value.EnumerateArray().Select(ParseCall)] };
                    break;
                case "tool_calls" when value.ValueKind == JsonValueKind.Null:
                    break;
                case "tool_calls":
                    throw new FormatException($"A message's \"tool_calls\" is {Kind(value)}; expected an array.");
                default:
                    others[field.Name] = value.Clone();
                    break;
            }
        }
        return message with { OtherFields = others };
    }

    private static ChatToolCall ParseCall(JsonElement call)
    {
        JsonElement function = call.ValueKind == JsonValueKind.Object && call.TryGetProperty("function", out JsonElement inner) ? inner : call;
        if (function.ValueKind != JsonValueKind.Object || !function.TryGetProperty("name", out JsonElement name) || name.ValueKind != JsonValueKind.String)
        {
            throw new FormatException("A tool call has no function name; expected {\"function\": {\"name\": ..., \"arguments\": {...}}}.");
        }
        string? id = call.TryGetProperty("id", out JsonElement given) && given.ValueKind == JsonValueKind.String ? given.GetString() : null;
        return new ChatToolCall(name.GetString()!, function.TryGetProperty("arguments", out JsonElement arguments) ? Object(arguments) : Empty(), id);
    }

    private static JsonElement Object(JsonElement arguments)
    {
        if (arguments.ValueKind != JsonValueKind.String)
        {
            return arguments.Clone();
        }
        string text = arguments.GetString()!;
        if (string.IsNullOrWhiteSpace(text))
        {
            return Empty();
        }
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : arguments.Clone();
        }
        catch (JsonException)
        {
            // What a model wrote may not be JSON; the template gets the text as it is.
            return arguments.Clone();
        }
    }

    private static JsonElement Empty()
    {
        using JsonDocument document = JsonDocument.Parse("{}");
        return document.RootElement.Clone();
    }

    private static string? Text(JsonProperty field) => field.Value.ValueKind switch
    {
        JsonValueKind.String => field.Value.GetString(),
        JsonValueKind.Null => null,
        _ => throw new FormatException($"A message's \"{field.Name}\" is {Kind(field.Value)}; expected text."),
    };

    private static string Kind(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => "null",
        JsonValueKind.Array => "an array",
        JsonValueKind.Object => "an object",
        JsonValueKind.String => "text",
        JsonValueKind.Number => "a number",
        _ => "true or false",
    };
}
