namespace Foretell.Inference;

/// <summary>Text that matches a regular expression from end to end (ECMA-262 without lookaround, backreferences and word boundaries).</summary>
public static class RegexGrammar
{
    /// <param name="pattern">At most 4,000 characters; anchors at the ends are allowed and change nothing.</param>
    /// <exception cref="GrammarException">The pattern is malformed, uses what is not supported, or matches no text.</exception>
    public static Grammar Compile(string pattern) =>
        new(Expression.Terminal(new RegexExpression(pattern, Utf8Expression.Of).Build(isWhole: true)), $"The pattern '{pattern}' matches no text.");
}
