namespace Foretell.Inference;

/// <summary>A constrained answer behind the free reasoning that some models begin with.</summary>
public static class ReasoningGrammar
{
    private const int MostLineBreaks = 2;

    /// <summary>
    /// Reasoning between two markers, any text without the closing one, and behind it up to two line breaks and the answer.
    /// </summary>
    /// <param name="opening">What begins reasoning, such as &lt;think&gt;.</param>
    /// <param name="closing">What ends it, such as &lt;/think&gt;.</param>
    /// <param name="isOpen">Whether the opening marker was written already, so that reasoning must be ended first; else it may be left out.</param>
    public static Grammar Before(Grammar answer, string opening, string closing, bool isOpen)
    {
        Expression any = Expression.Repeat(Utf8Expression.Of(CharacterSet.All), 0);
        Expression thought = Expression.Except(any, Expression.Sequence(any, Expression.Literal(closing), any));
        Expression reasoned = Expression.Sequence(
            isOpen ? Expression.Empty : Expression.Literal(opening),
            thought,
            Expression.Literal(closing),
            Expression.Repeat(Expression.Literal("\n"), 0, MostLineBreaks),
            answer.Root);
        return answer.With(isOpen ? reasoned : Expression.Choice(reasoned, answer.Root));
    }
}
