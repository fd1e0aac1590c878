namespace Foretell.Tokenizers;

/// <summary>
/// The tokens that a conversation's form is written in: ChatML's turns, which are control tokens, and Qwen 3's marks of
/// thinking, which are ordinary text with tokens of their own, so that they reach whoever reads an answer.
/// </summary>
public static class ChatMarkers
{
    public const string TurnStart = "<|im_start|>";
    public const string TurnEnd = "<|im_end|>";
    public const string ThinkStart = "<think>";
    public const string ThinkEnd = "</think>";

    /// <summary>Control tokens.</summary>
    public static IReadOnlyList<string> Special { get; } = [TurnStart, TurnEnd];

    /// <summary>Tokens that are text.</summary>
    public static IReadOnlyList<string> Plain { get; } = [ThinkStart, ThinkEnd];

    /// <summary>The same vocabulary with those markers that it lacks, at the next free ids.</summary>
    /// <exception cref="NotSupportedException">The kind of tokenizer cannot grow.</exception>
    public static Tokenizer AddTo(Tokenizer tokenizer)
    {
        var added = new List<AddedToken>();
        foreach ((string content, bool isSpecial) in Special.Select(content => (content, true)).Concat(Plain.Select(content => (content, false))))
        {
            if (tokenizer.SpecialId(content) is null)
            {
                added.Add(new AddedToken(tokenizer.VocabularySize + added.Count, content, isSpecial));
            }
        }
        return added.Count == 0 ? tokenizer : tokenizer.WithAddedTokens(added);
    }
}
