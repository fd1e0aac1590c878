using System.Text.Json;

namespace Foretell.Data;

/// <summary>How a file writes conversations.</summary>
public enum ChatForm
{
    /// <summary>Told from the fields of each row.</summary>
    Detect,

    /// <summary>OpenAI's: "messages" of role and content, with "tools", tool calls, reasoning_content and a weight (0 or 1) a message.</summary>
    Messages,

    /// <summary>"instruction", "input" (or "context") and "output" (or "response"); "system" and "history" where there are such.</summary>
    Alpaca,

    /// <summary>"conversations" of from and value, with "system" and "tools".</summary>
    ShareGpt,

    /// <summary>"prompt" and "completion" (or "response"): texts or lists of messages.</summary>
    Prompts,
}

/// <summary>Reads conversations from JSON rows in any of the usual forms.</summary>
public static class ChatForms
{
    /// <summary>Reads one row.</summary>
    /// <exception cref="CorpusException">The row does not fit the form; the message says where and what.</exception>
    public static ChatRecord Read(JsonRow row, ChatForm form = ChatForm.Detect)
    {
        ChatRecord record;
        try
        {
            record = (form == ChatForm.Detect ? Detect(row) : form) switch
            {
                ChatForm.Messages => MessagesForm.Read(row),
                ChatForm.Alpaca => AlpacaForm.Read(row),
                ChatForm.ShareGpt => ShareGptForm.Read(row),
                _ => PromptsForm.Read(row),
            };
        }
        catch (InvalidOperationException error)
        {
            throw row.Wrong("has an escape of half a character (an unpaired surrogate); write whole characters.", error);
        }
        return record.Conversation.Messages.Any(message => message.Role == "assistant")
            ? record
            : throw row.Wrong("has no message of the assistant, so there is nothing to learn from it.");
    }

    /// <summary>Reads all rows of files.</summary>
    /// <inheritdoc cref="Read(JsonRow, ChatForm)" path="exception"/>
    public static IEnumerable<ChatRecord> Read(IEnumerable<string> paths, ChatForm form = ChatForm.Detect) => JsonRow.Read(paths).Select(row => Read(row, form));

    private static ChatForm Detect(JsonRow row)
    {
        bool Has(string field) => row.Fields.TryGetProperty(field, out JsonElement _);
        return Has("messages") ? ChatForm.Messages
            : Has("conversations") ? (IsMessages(row.Fields.GetProperty("conversations")) ? ChatForm.Messages : ChatForm.ShareGpt)
            : Has("instruction") ? ChatForm.Alpaca
            : Has("prompt") && (Has("completion") || Has("response")) ? ChatForm.Prompts
            : throw row.Wrong($"is in no known form of conversations: expected \"messages\" (OpenAI), \"conversations\" (ShareGPT), \"instruction\" and \"output\" (Alpaca) or \"prompt\" and \"completion\"; the fields there are {row.FieldNames}.");
    }

    private static bool IsMessages(JsonElement list) => list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > 0
        && list[0].ValueKind == JsonValueKind.Object && list[0].TryGetProperty("role", out _);
}
