using Foretell.Tokenizers;

namespace Foretell.World.Doubt;

/// <summary>What a passage makes of a question.</summary>
public enum DoubtKind
{
    /// <summary>The passage says it, of one person or thing.</summary>
    Answerable,

    /// <summary>The passage does not say it.</summary>
    Unanswerable,

    /// <summary>The question fits two people or things of the passage.</summary>
    Ambiguous,
}

/// <summary>A question about a passage of the little world, of which it is known whether it can be answered.</summary>
/// <param name="Kind">What the passage makes of the question.</param>
/// <param name="Form">The question's form, such as <c>whose</c>; every form occurs with every kind.</param>
/// <param name="Passage">What is told.</param>
/// <param name="Question">What is asked: its words alone never tell the kind.</param>
/// <param name="Reply">The right reply: the answer; that one does not know; or the question back, with both readings.</param>
/// <param name="Readings">The names or things that the question fits; empty where it is not ambiguous.</param>
public sealed record DoubtQuestion(DoubtKind Kind, string Form, string Passage, string Question, string Reply, IReadOnlyList<string> Readings)
{
    /// <summary>The right reply where the passage does not say.</summary>
    public const string Unknown = "I don't know.";

    /// <summary>What the user says: the passage, then the question.</summary>
    public string Prompt => $"{Passage}\n{Question}";

    /// <summary>The user's message alone: what a model is asked.</summary>
    public IReadOnlyList<ChatMessage> Ask() => [new ChatMessage("user", Prompt)];

    /// <summary>The user's message and the right reply: what fine-tuning shows.</summary>
    public IReadOnlyList<ChatMessage> Messages() => [new ChatMessage("user", Prompt), new ChatMessage("assistant", Reply)];
}
