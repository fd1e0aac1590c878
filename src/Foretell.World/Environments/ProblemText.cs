using Foretell.Tokenizers;

namespace Foretell.World.Environments;

/// <summary>How a problem becomes a conversation, and a reply becomes an answer: the only place that knows.</summary>
public static class ProblemText
{
    /// <summary>What opens the thoughts, as the default ChatML template writes it.</summary>
    public const string ThoughtsOpen = "<think>";

    /// <summary>What closes the thoughts.</summary>
    public const string ThoughtsClose = "</think>";

    /// <summary>The user's question alone: what a model is asked.</summary>
    public static IReadOnlyList<ChatMessage> Prompt(Problem problem) => [new ChatMessage("user", problem.Question)];

    /// <summary>The question and the answer: what fine-tuning shows.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="withThoughts">Whether the thoughts stand before the answer. Default true.</param>
    public static IReadOnlyList<ChatMessage> Messages(Problem problem, bool withThoughts = true) =>
        [new ChatMessage("user", problem.Question), new ChatMessage("assistant", problem.Answer) { ReasoningContent = withThoughts ? problem.Thoughts : null }];

    /// <summary>
    /// Parts what a model wrote into its thoughts and its answer. Without markers all is answer; thoughts that were never closed
    /// leave the answer empty.
    /// </summary>
    public static (string? Thoughts, string Answer) Split(string reply)
    {
        int close = reply.LastIndexOf(ThoughtsClose, StringComparison.Ordinal);
        int open = reply.IndexOf(ThoughtsOpen, StringComparison.Ordinal);
        if (close >= 0)
        {
            int start = open >= 0 && open < close ? open + ThoughtsOpen.Length : 0;
            return (reply[start..close].Trim(), reply[(close + ThoughtsClose.Length)..].Trim());
        }
        return open >= 0 ? (reply[(open + ThoughtsOpen.Length)..].Trim(), reply[..open].Trim()) : (null, reply.Trim());
    }
}
