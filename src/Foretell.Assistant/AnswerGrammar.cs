using Foretell.Inference;

namespace Foretell.Assistant;

/// <summary>What an answer must be, reasoning and calls of tools included.</summary>
internal static class AnswerGrammar
{
    /// <param name="opensReasoning">Whether the prompt ends behind an opening &lt;think&gt;.</param>
    /// <param name="template">The template's text, which tells whether the model reasons at all.</param>
    /// <returns>Null when anything may be said.</returns>
    /// <exception cref="GrammarException">A tool's schema is not supported.</exception>
    public static Grammar? Of(ChatRequest request, ToolCallFormat format, bool opensReasoning, string template)
    {
        Grammar? answer = request.Form;
        return answer is null ? null
            : opensReasoning ? ReasoningGrammar.Before(answer, AnswerReader.ThinkOpening, AnswerReader.ThinkClosing, isOpen: true)
            : template.Contains(AnswerReader.ThinkOpening, StringComparison.Ordinal) ? ReasoningGrammar.Before(answer, AnswerReader.ThinkOpening, AnswerReader.ThinkClosing, isOpen: false)
            : answer;
    }
}
