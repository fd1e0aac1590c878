using System.Text.Json;
using Foretell.Tokenizers;

namespace Foretell.Data;

/// <summary>Stanford Alpaca's form (Taori et al. 2023), and Dolly's names for the same fields. The input follows the instruction after a blank line.</summary>
internal static class AlpacaForm
{
    public static ChatRecord Read(JsonRow row)
    {
        var messages = new List<ChatMessage>();
        if (row.Text("system") is { Length: > 0 } system)
        {
            messages.Add(new ChatMessage("system", system));
        }
        if (row.Fields.TryGetProperty("history", out JsonElement history) && history.ValueKind != JsonValueKind.Null)
        {
            AddHistory(row, history, messages);
        }
        string instruction = row.Text("instruction") ?? throw row.Wrong($"has no field \"instruction\"; the fields there are {row.FieldNames}.");
        string? input = row.Text("input") ?? row.Text("context");
        string output = row.Text("output") ?? row.Text("response") ?? throw row.Wrong($"has an \"instruction\" but no \"output\"; the fields there are {row.FieldNames}.");
        if (instruction.Length == 0 && string.IsNullOrEmpty(input))
        {
            throw row.Wrong("has an empty instruction and no input.");
        }
        messages.Add(new ChatMessage("user", string.IsNullOrEmpty(input) ? instruction : instruction.Length == 0 ? input : $"{instruction}\n\n{input}"));
        messages.Add(new ChatMessage("assistant", output));
        return ChatRecord.Of(new Conversation(messages), row.Place);
    }

    private static void AddHistory(JsonRow row, JsonElement history, List<ChatMessage> messages)
    {
        foreach (JsonElement pair in history.ValueKind == JsonValueKind.Array ? history.EnumerateArray() : throw row.Wrong($"has {JsonRow.Describe(history)} in the field \"history\" where a list of [question, answer] was expected."))
        {
            if (pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2 || pair[0].ValueKind != JsonValueKind.String || pair[1].ValueKind != JsonValueKind.String)
            {
                throw row.Wrong("has an entry in \"history\" that is not [question, answer].");
            }
            messages.Add(new ChatMessage("user", pair[0].GetString()));
            messages.Add(new ChatMessage("assistant", pair[1].GetString()));
        }
    }
}
