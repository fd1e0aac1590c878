using System.Text.Json;
using Foretell.Tokenizers;

namespace Foretell.Data;

/// <summary>A prompt and what is to be said to it; both texts, or both lists of messages.</summary>
internal static class PromptsForm
{
    public static ChatRecord Read(JsonRow row)
    {
        string answer = row.Fields.TryGetProperty("completion", out _) ? "completion" : "response";
        if (row.Fields.TryGetProperty("prompt", out JsonElement prompt) && prompt.ValueKind == JsonValueKind.Array)
        {
            (IReadOnlyList<ChatMessage> before, _) = MessagesForm.Messages(row, "prompt");
            (IReadOnlyList<ChatMessage> after, IReadOnlyList<float> weights) = MessagesForm.Messages(row, answer);
            // What the prompt holds was said by someone else, even where it plays the assistant.
            return new ChatRecord(new Conversation([.. before, .. after]) { Tools = MessagesForm.Tools(row) }, [.. before.Select(_ => 0f), .. weights], row.Place);
        }
        return ChatRecord.Of(
            row.Text("prompt") ?? throw row.Wrong($"has no field \"prompt\"; the fields there are {row.FieldNames}."),
            row.Text(answer) ?? throw row.Wrong($"has a \"prompt\" but no \"completion\" or \"response\"; the fields there are {row.FieldNames}."),
            row.Place);
    }
}
