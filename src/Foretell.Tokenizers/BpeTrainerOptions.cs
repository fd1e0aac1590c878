namespace Foretell.Tokenizers;

/// <summary>What <see cref="BpeTrainer"/> trains.</summary>
public sealed record BpeTrainerOptions
{
    /// <summary>The usual end-of-document token, &lt;|endoftext|&gt;.</summary>
    public const string EndOfText = "<|endoftext|>";

    /// <summary>Number of ids wanted: special tokens, the 256 bytes, then merges. At least 256 plus the special tokens; fewer come out where the text has no more pairs.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Tokens that text is cut at and that no merge makes; they get the first ids. Default: <see cref="EndOfText"/> alone.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = [EndOfText];

    /// <summary>Tokens that text is cut at wherever it spells them, and that decoding shows, as Qwen 3's &lt;think&gt;; they follow the special ones. Default none.</summary>
    public IReadOnlyList<string> PlainTokens { get; init; } = [];

    /// <summary>What cuts text into words; no merge crosses words. Default: <see cref="PreTokenizer.Gpt2"/>.</summary>
    public PreTokenizer PreTokenizer { get; init; } = PreTokenizer.Gpt2;

    /// <summary>The least number of times a pair must occur to be merged, at least 1. Default: 1.</summary>
    public long MinimumPairCount { get; init; } = 1;

    /// <summary>Threads that count words, at least 1; the result does not depend on it. Default: the machine's cores.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>
    /// The number of different words held before the rarest are dropped, at least 1,000. Default: 8,000,000, about 0.4 GB,
    /// and as much again while pairs merge. It bounds memory, whatever the length of the corpus.
    /// </summary>
    public int MaximumDistinctWords { get; init; } = 8_000_000;

    /// <summary>The special and the plain tokens, which have the first ids.</summary>
    internal AddedToken[] AddedTokens() => [.. SpecialTokens.Select((content, id) => new AddedToken(id, content)), .. PlainTokens.Select((content, index) => new AddedToken(SpecialTokens.Count + index, content, IsSpecial: false))];

    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    internal void Validate()
    {
        int added = SpecialTokens.Count + PlainTokens.Count;
        int least = 256 + added;
        if (VocabularySize < least || VocabularySize >= TokenTable.MaximumId)
        {
            throw new ArgumentException($"A vocabulary of {VocabularySize} is too {(VocabularySize < least ? "small" : "large")}: with {added} {(PlainTokens.Count > 0 ? "added" : "special")} token(s) it must be from {least} to {TokenTable.MaximumId - 1}.");
        }
        if (SpecialTokens.Concat(PlainTokens).Distinct(StringComparer.Ordinal).Count() < added || SpecialTokens.Concat(PlainTokens).Any(string.IsNullOrEmpty))
        {
            throw new ArgumentException("The special tokens must be different and none empty.");
        }
        if (MinimumPairCount < 1 || Threads < 1 || MaximumDistinctWords < 1000)
        {
            throw new ArgumentException($"MinimumPairCount {MinimumPairCount}, Threads {Threads} and MaximumDistinctWords {MaximumDistinctWords} must be at least 1, 1 and 1000.");
        }
    }
}

/// <summary>How far a training is.</summary>
/// <param name="Counting">True while the corpus is read, false while pairs are merged.</param>
/// <param name="Done">Bytes read, or merges made.</param>
/// <param name="Total">Merges wanted; 0 while reading, when the length of the corpus is not known.</param>
public readonly record struct BpeTrainingProgress(bool Counting, long Done, long Total);
