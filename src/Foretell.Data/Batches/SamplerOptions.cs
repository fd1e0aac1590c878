namespace Foretell.Data;

/// <summary>How rows are cut from a split.</summary>
public enum SamplingMode
{
    /// <summary>
    /// Documents in a new order each epoch, one behind the other; rows are cut from that without gap, across epochs too.
    /// Each token of the split is an input once an epoch. A document that a row's end cuts goes on in the next row as a new
    /// segment. Documents do not see each other.
    /// </summary>
    Packed,

    /// <summary>Windows at random places of the split's stream, drawn with replacement: the recipe of small corpora. A row is one segment.</summary>
    RandomWindows,

    /// <summary>Windows at multiples of <see cref="SamplerOptions.Stride"/>, each once an epoch, in a new order each epoch. A row is one segment.</summary>
    StridedWindows,
}

/// <summary>The shape and the order of training batches.</summary>
public sealed record SamplerOptions
{
    /// <summary>Default <see cref="SamplingMode.Packed"/>.</summary>
    public SamplingMode Mode { get; init; } = SamplingMode.Packed;

    /// <summary>Tokens in a row, at least 1.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Rows in a batch, at least 1.</summary>
    public required int Rows { get; init; }

    /// <summary>Seed of the order or of the places. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Tokens from one window of <see cref="SamplingMode.StridedWindows"/> to the next, at least 1. Default: the context length.</summary>
    public int? Stride { get; init; }

    /// <summary>
    /// Packed only: whether each document begins with the end-of-text token as input, so that its first token is learned too and a
    /// model can begin without a prompt (GPT-2's habit). The document's closing end of text is then only a target, and no
    /// input is without one. Default no.
    /// </summary>
    public bool StartWithEndOfText { get; init; }

    /// <param name="split">What the rows are cut from.</param>
    /// <param name="fewestTokens">How many tokens it must have; one context and its last target unless told.</param>
    internal void Validate(TokenSplit split, long? fewestTokens = null)
    {
        Require(ContextLength, nameof(ContextLength));
        Require(Rows, nameof(Rows));
        Require(Stride ?? 1, nameof(Stride));
        if ((long)Rows * ContextLength > Array.MaxLength)
        {
            throw new ArgumentException(FormattableString.Invariant($"A batch of {Rows} rows x {ContextLength} tokens is larger than an array can be ({Array.MaxLength}); use fewer rows."));
        }
        if (StartWithEndOfText && split.EndOfTextId is null)
        {
            throw new ArgumentException("StartWithEndOfText needs a tokenizer with an end-of-text token, and this one has none.");
        }
        if (split.TokenCount < (fewestTokens ?? ContextLength + 1L))
        {
            string needed = fewestTokens is long fewest
                ? FormattableString.Invariant($"at least {fewest} are needed")
                : FormattableString.Invariant($"one context of {ContextLength} needs {ContextLength + 1L}");
            string remedy = split.TokenCount > 1 ? FormattableString.Invariant($"give more text or a context of at most {split.TokenCount - 1}") : "give more text or a larger share of it";
            throw new CorpusException(FormattableString.Invariant($"The {split.Name} split has {split.TokenCount} tokens, and {needed}; {remedy}."));
        }
    }

    private static void Require(int value, string name)
    {
        if (value < 1)
        {
            throw new ArgumentException(FormattableString.Invariant($"{name} is {value}; it must be at least 1."));
        }
    }
}
