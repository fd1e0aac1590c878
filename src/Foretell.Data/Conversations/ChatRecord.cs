using Foretell.Tokenizers;

namespace Foretell.Data;

/// <summary>A conversation to learn from, whatever form it was written in.</summary>
/// <param name="Conversation">Its messages and tools.</param>
/// <param name="Weights">One a message: how much its words count, at least 0; 1 for an assistant's message unless the file says otherwise, 0 for all others.</param>
/// <param name="Place">Where it came from: "FILE, line 7".</param>
public sealed record ChatRecord(Conversation Conversation, IReadOnlyList<float> Weights, string Place)
{
    /// <summary>A record in which all that the assistant says counts.</summary>
    public static ChatRecord Of(Conversation conversation, string place) =>
        new(conversation, [.. conversation.Messages.Select(message => message.Role == "assistant" ? 1f : 0f)], place);

    /// <summary>One question and its answer.</summary>
    public static ChatRecord Of(string question, string answer, string place) =>
        Of(new Conversation([new ChatMessage("user", question), new ChatMessage("assistant", answer)]), place);
}
