using System.Text.Json;
using Foretell.Tokenizers;

namespace Foretell.Data;

/// <summary>ShareGPT's form: "conversations" of from and value. A function_call's value is JSON {"name", "arguments"}, or a list of such.</summary>
internal static class ShareGptForm
{
    public static ChatRecord Read(JsonRow row)
    {
        if (!row.Fields.TryGetProperty("conversations", out JsonElement turns) || turns.ValueKind != JsonValueKind.Array || turns.GetArrayLength() == 0)
        {
            throw row.Wrong($"has no list of turns in the field \"conversations\"; the fields there are {row.FieldNames}.");
        }
        var messages = new List<ChatMessage>();
        if (row.Text("system") is { Length: > 0 } system)
        {
            messages.Add(new ChatMessage("system", system));
        }
        int number = 0;
        foreach (JsonElement turn in turns.EnumerateArray())
        {
            messages.Add(Message(row, turn, ++number));
        }
        return ChatRecord.Of(new Conversation(messages) { Tools = MessagesForm.Tools(row) }, row.Place);
    }

    private static ChatMessage Message(JsonRow row, JsonElement turn, int number)
    {
        if (turn.ValueKind != JsonValueKind.Object || !turn.TryGetProperty("from", out JsonElement from) || !turn.TryGetProperty("value", out JsonElement value)
            || from.ValueKind != JsonValueKind.String || value.ValueKind != JsonValueKind.String)
        {
            throw row.Wrong(FormattableString.Invariant($"turn {number} of \"conversations\" lacks the text of \"from\" or \"value\"."));
        }
        string words = value.GetString()!;
        return from.GetString() switch
        {
            "human" or "user" => new ChatMessage("user", words),
            "gpt" or "assistant" or "model" or "chatgpt" or "bing" or "bard" => new ChatMessage("assistant", words),
            "system" => new ChatMessage("system", words),
            "function_call" or "tool_call" => new ChatMessage("assistant") { ToolCalls = Calls(row, words, number) },
            "observation" or "tool" or "function_response" => new ChatMessage("tool", words),
            string other => throw row.Wrong(FormattableString.Invariant($"turn {number} is from \"{other}\"; known are human, gpt, system, function_call and observation.")),
            null => throw row.Wrong(FormattableString.Invariant($"turn {number} of \"conversations\" lacks the text of \"from\" or \"value\".")),
        };
    }

    private static IReadOnlyList<ChatToolCall> Calls(JsonRow row, string words, int number)
    {
        try
        {
            using var document = JsonDocument.Parse(words);
            JsonElement root = document.RootElement;
            return [.. (root.ValueKind == JsonValueKind.Array ? root.EnumerateArray().ToArray() : [root]).Select(call => Call(row, call, number))];
        }
        catch (JsonException error)
        {
            throw row.Wrong(FormattableString.Invariant($"turn {number} is a function call that is not JSON; expected {{\"name\": ..., \"arguments\": {{...}}}}."), error);
        }
    }

    private static ChatToolCall Call(JsonRow row, JsonElement call, int number) =>
        call.ValueKind == JsonValueKind.Object && call.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String && call.TryGetProperty("arguments", out JsonElement arguments)
            ? new ChatToolCall(name.GetString()!, arguments.Clone())
            : throw row.Wrong(FormattableString.Invariant($"turn {number} is a function call without \"name\" and \"arguments\"."));
}
