namespace Foretell.Tokenizers;

/// <summary>A conversation that ends with an answer of the assistant, as ids: what preference learning compares and a reward model scores.</summary>
/// <param name="Ids">From the beginning to the token that ends the answer's turn (its last token, where the template ends turns by none); what the template writes behind that is left out.</param>
/// <param name="Start">The index of the answer's first id: what stands before it is the prompt. At least 1, and below the number of ids.</param>
public sealed record AnswerTokens(int[] Ids, int Start)
{
    /// <summary>Ids of the answer, the one that ends its turn included.</summary>
    public int Length => Ids.Length - Start;

    /// <summary>Renders a conversation and finds its last answer.</summary>
    /// <param name="messages">The last is the assistant's.</param>
    /// <exception cref="FormatException">The last message is not the assistant's, or the template gives the assistant nothing to say or has no prompt before it.</exception>
    public static AnswerTokens Of(ChatTemplate template, Tokenizer tokenizer, IReadOnlyList<ChatMessage> messages)
    {
        if (messages.Count == 0 || messages[^1].Role != "assistant")
        {
            throw new FormatException($"The conversation ends with {(messages.Count == 0 ? "nothing" : $"a turn of \"{messages[^1].Role}\"")}; expected an answer of the assistant.");
        }
        ChatTokens tokens = template.Render(new Conversation(messages)).TrainingTokens(tokenizer);
        int end = Array.LastIndexOf(tokens.IsAssistant, true) + 1;
        int start = end - 1;
        while (start > 0 && tokens.IsAssistant[start - 1])
        {
            start--;
        }
        return start >= 1
            ? new AnswerTokens(tokens.Ids[..end], start)
            : throw new FormatException(end == 0
                ? "The chat template shows nothing that the assistant says; choose a template with a place for its turns."
                : "The chat template writes nothing before the assistant's turn; an answer needs a prompt.");
    }
}
