namespace Foretell.Data;

/// <summary>How a corpus is parted into training and validation.</summary>
public enum SplitMode
{
    /// <summary>
    /// Whole documents, by a seeded hash of their content. By content and not by number, so that equal documents never
    /// stand on both sides, and a document stays on its side when files are added or renamed. A corpus of two or more
    /// different documents has one on either side; a corpus of one document is parted as by <see cref="Tail"/>.
    /// </summary>
    Documents,

    /// <summary>
    /// The last share of the characters (Unicode code points) of the corpus: validation begins at character
    /// floor(characters x (1 - share)), and the document that this cuts gives its beginning to training, without an end-of-text token.
    /// </summary>
    Tail,
}

/// <summary>How a corpus becomes token shards.</summary>
public sealed record ShardOptions
{
    /// <summary>How validation is parted from training. Default <see cref="SplitMode.Documents"/>.</summary>
    public SplitMode Split { get; init; } = SplitMode.Documents;

    /// <summary>The share of the corpus that is validation, in [0, 1): of the documents, on average, or of the characters. 0 makes no validation split. Default 0.1.</summary>
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>Seed of the hash that <see cref="SplitMode.Documents"/> goes by. Default 0.</summary>
    public ulong SplitSeed { get; init; }

    /// <summary>Tokens in a shard file, at least 1; the last one may have fewer. Default 2^27.</summary>
    public long ShardTokens { get; init; } = 1 << 27;

    /// <summary>Threads that tokenize, at least 1. The shards are the same for any number. Default: the machine's processors.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    internal void Validate()
    {
        if (ValidationShare is not (>= 0 and < 1))
        {
            throw new ArgumentException(FormattableString.Invariant($"The validation share is {ValidationShare}; it must be at least 0 and under 1, such as 0.1."));
        }
        if (ShardTokens < 1)
        {
            throw new ArgumentException(FormattableString.Invariant($"ShardTokens is {ShardTokens}; a shard holds at least 1 token."));
        }
        if (Threads < 1)
        {
            throw new ArgumentException(FormattableString.Invariant($"Threads is {Threads}; at least 1 is needed."));
        }
    }
}
