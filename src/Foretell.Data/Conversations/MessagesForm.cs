using System.Text.Json;
using Foretell.Tokenizers;

namespace Foretell.Data;

/// <summary>OpenAI's form: <see href="https://platform.openai.com/docs/guides/supervised-fine-tuning"/>.</summary>
public static class MessagesForm
{
    private const string Weight = "weight";

    internal static ChatRecord Read(JsonRow row)
    {
        string field = row.Fields.TryGetProperty("messages", out _) ? "messages" : "conversations";
        (IReadOnlyList<ChatMessage> messages, IReadOnlyList<float> weights) = Messages(row, field);
        return new ChatRecord(new Conversation(messages) { Tools = Tools(row) }, weights, row.Place);
    }

    /// <summary>A field that is a list of messages, with each message's weight.</summary>
    /// <exception cref="CorpusException">It is missing, empty or malformed.</exception>
    public static (IReadOnlyList<ChatMessage> Messages, IReadOnlyList<float> Weights) Messages(JsonRow row, string field)
    {
        if (!row.Fields.TryGetProperty(field, out JsonElement list))
        {
            throw row.Wrong($"has no field \"{field}\"; the fields there are {row.FieldNames}.");
        }
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
        {
            throw row.Wrong($"has {(list.ValueKind == JsonValueKind.Array ? "an empty list" : JsonRow.Describe(list))} in the field \"{field}\" where a list of messages was expected.");
        }
        var messages = new List<ChatMessage>();
        var weights = new List<float>();
        foreach (JsonElement element in list.EnumerateArray())
        {
            ChatMessage message;
            try
            {
                message = ChatMessage.Parse(element);
            }
            catch (FormatException error)
            {
                throw row.Wrong(FormattableString.Invariant($"message {messages.Count + 1} of \"{field}\": {error.Message}"), error);
            }
            if (message.Content is null && message.Parts is null && message.ToolCalls.Count == 0)
            {
                throw row.Wrong(FormattableString.Invariant($"message {messages.Count + 1} of \"{field}\" (role {message.Role}) has neither content nor tool calls."));
            }
            weights.Add(Weigh(row, message, messages.Count + 1));
            messages.Add(message with { OtherFields = message.OtherFields.Where(other => other.Key != Weight).ToDictionary(StringComparer.Ordinal) });
        }
        return (messages, weights);
    }

    /// <summary>A row's tools: an array, or text that holds one; bare functions are put in OpenAI's envelope.</summary>
    internal static IReadOnlyList<JsonElement> Tools(JsonRow row)
    {
        if (!row.Fields.TryGetProperty("tools", out JsonElement tools) || tools.ValueKind == JsonValueKind.Null)
        {
            return [];
        }
        if (tools.ValueKind == JsonValueKind.String)
        {
            if (string.IsNullOrWhiteSpace(tools.GetString()))
            {
                return [];
            }
            try
            {
                using var document = JsonDocument.Parse(tools.GetString()!);
                tools = document.RootElement.Clone();
            }
            catch (JsonException error)
            {
                throw row.Wrong("has text in the field \"tools\" that is not JSON; expected a list of tools.", error);
            }
        }
        return tools.ValueKind == JsonValueKind.Array
            ? [.. tools.EnumerateArray().Select(tool => Enveloped(row, tool))]
            : throw row.Wrong($"has {JsonRow.Describe(tools)} in the field \"tools\" where a list was expected.");
    }

    private static JsonElement Enveloped(JsonRow row, JsonElement tool)
    {
        if (tool.ValueKind == JsonValueKind.Object && tool.TryGetProperty("function", out _))
        {
            return tool;
        }
        if (tool.ValueKind != JsonValueKind.Object || !tool.TryGetProperty("name", out _))
        {
            throw row.Wrong("has a tool without a name; expected {\"type\": \"function\", \"function\": {\"name\": ..., \"parameters\": ...}}.");
        }
        using var document = JsonDocument.Parse($"{{\"type\":\"function\",\"function\":{tool.GetRawText()}}}");
        return document.RootElement.Clone();
    }

    private static float Weigh(JsonRow row, ChatMessage message, int number)
    {
        bool isAssistant = message.Role == "assistant";
        if (!message.OtherFields.TryGetValue(Weight, out JsonElement given) || given.ValueKind == JsonValueKind.Null)
        {
            return isAssistant ? 1 : 0;
        }
        if (given.ValueKind != JsonValueKind.Number || given.GetDouble() is not (>= 0 and <= 1))
        {
            throw row.Wrong(FormattableString.Invariant($"message {number} has the weight {given.GetRawText()}; wanted a number from 0 (not learned) to 1."));
        }
        float weight = given.GetSingle();
        return isAssistant || weight == 0 ? weight : throw row.Wrong(FormattableString.Invariant($"message {number} (role {message.Role}) has the weight {given.GetRawText()}; only what the assistant says is learned."));
    }
}
