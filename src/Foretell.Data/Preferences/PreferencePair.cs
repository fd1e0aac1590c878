using Foretell.Tokenizers;

namespace Foretell.Data;

/// <summary>Two answers to one prompt, of which somebody preferred the first.</summary>
/// <param name="Prompt">What both answers follow; ends with a turn that is not the assistant's.</param>
/// <param name="Chosen">The preferred answer, a message of the assistant.</param>
/// <param name="Rejected">The other answer, a message of the assistant.</param>
/// <param name="Origin">File and row, for messages.</param>
public sealed record PreferencePair(IReadOnlyList<ChatMessage> Prompt, ChatMessage Chosen, ChatMessage Rejected, string Origin)
{
    /// <summary>How much better the chosen one was rated, in units of the rating; 0 where nothing is known.</summary>
    public double Margin { get; init; }

    /// <summary>Who chose, such as "human" or "ai"; null where nothing is said.</summary>
    public string? Labeller { get; init; }

    /// <summary>How sure the labeller was that the chosen one is better, in [0.5, 1]; null where nothing is said.</summary>
    public double? Confidence { get; init; }

    /// <summary>Whether the chosen one is the better one in truth, which the little world knows; null where nobody does.</summary>
    public bool? IsTrue { get; init; }
}

/// <summary>One answer to a prompt, called good or bad: what KTO learns from.</summary>
/// <param name="Prompt">As in <see cref="PreferencePair"/>.</param>
/// <param name="Answer">A message of the assistant.</param>
/// <param name="IsDesirable">Whether it was called good.</param>
/// <param name="Origin">File and row, for messages.</param>
public sealed record LabelledAnswer(IReadOnlyList<ChatMessage> Prompt, ChatMessage Answer, bool IsDesirable, string Origin);
