namespace Foretell.Tokenizers;

/// <summary>Everything about a byte-pair tokenizer beside its vocabulary and merges.</summary>
internal sealed record BytePairRules
{
    public PreTokenizer PreTokenizer { get; init; } = PreTokenizer.Gpt2;

    public TextNormalization Normalization { get; init; }

    /// <summary>Whether a word that is a token as it stands becomes that token, whatever the merges say.</summary>
    public bool IgnoresMerges { get; init; }

    /// <summary>By ascending id.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    public int? BeginOfTextId { get; init; }

    /// <summary>The id that ends a text, where none of the added tokens has a name that says so.</summary>
    public int? EndOfTextId { get; init; }

    /// <summary>The post_processor of the tokenizer.json that this was read from, written back as it was.</summary>
    public string? PostProcessorJson { get; init; }
}
