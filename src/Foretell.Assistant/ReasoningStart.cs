using Foretell.Tokenizers;

namespace Foretell.Assistant;

/// <summary>Whether an answer begins with reasoning.</summary>
internal enum ReasoningStart
{
    /// <summary>It does not: the template knows none, or closed it in the prompt.</summary>
    None,

    /// <summary>It may, with an opening marker.</summary>
    Possible,

    /// <summary>It does: the prompt ends behind an opening marker.</summary>
    Open,
}

/// <summary>Tells it by the prompt's end and the template's text.</summary>
internal static class ReasoningStarts
{
    public static ReasoningStart Of(RenderedChat prompt, ChatTemplate template)
    {
        ReadOnlySpan<char> text = prompt.Text.AsSpan().TrimEnd();
        return text.EndsWith(AnswerReader.ThinkOpening, StringComparison.Ordinal) ? ReasoningStart.Open
            : text.EndsWith(AnswerReader.ThinkClosing, StringComparison.Ordinal) ? ReasoningStart.None
            : template.Source.Contains(AnswerReader.ThinkOpening, StringComparison.Ordinal) ? ReasoningStart.Possible
            : ReasoningStart.None;
    }
}
