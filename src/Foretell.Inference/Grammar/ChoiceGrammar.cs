using System.Text;

namespace Foretell.Inference;

/// <summary>Exactly one text out of a list.</summary>
public static class ChoiceGrammar
{
    private const int MaximumCharacters = 1 << 20;

    /// <param name="choices">At least one text, none of them empty, together at most 1,048,576 characters.</param>
    /// <exception cref="GrammarException">The list is empty or too long, or a text is empty or not valid Unicode.</exception>
    public static Grammar Compile(IReadOnlyCollection<string> choices)
    {
        if (choices.Count == 0)
        {
            throw new GrammarException("The list of choices is empty; give at least one text.");
        }
        if (choices.Sum(choice => (long)choice.Length) > MaximumCharacters)
        {
            throw new GrammarException($"The choices have more than {MaximumCharacters} characters together; give fewer or shorter ones.");
        }
        var texts = new List<byte[]>(choices.Count);
        foreach (string choice in choices)
        {
            texts.Add(choice.Length > 0 ? Utf8(choice) : throw new GrammarException($"Choice {texts.Count + 1} of {choices.Count} is empty; every choice needs a text."));
        }
        return new Grammar(Expression.Terminal(Expression.Texts(texts)), "No choice can be written.");
    }

    private static byte[] Utf8(string choice)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(choice);
        }
        catch (EncoderFallbackException)
        {
            throw new GrammarException("A choice holds half a surrogate pair, which is no Unicode text; write the whole character.");
        }
    }
}
