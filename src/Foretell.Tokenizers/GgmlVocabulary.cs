namespace Foretell.Tokenizers;

/// <summary>What a token of a GGUF file is.</summary>
public enum GgmlTokenType
{
    /// <summary>Made by merges, or a character.</summary>
    Normal = 1,

    /// <summary>What stands for the unknown.</summary>
    Unknown = 2,

    /// <summary>Never part of ordinary text.</summary>
    Control = 3,

    /// <summary>Added beside the merges, recognised in any text.</summary>
    UserDefined = 4,

    /// <summary>Fills up a table; no text becomes it.</summary>
    Unused = 5,

    /// <summary>A byte, spelled &lt;0x00&gt; to &lt;0xFF&gt;.</summary>
    Byte = 6,
}

/// <summary>
/// A tokenizer as the metadata of GGUF files describes it (keys tokenizer.ggml.*), and the way to and from a
/// <see cref="Tokenizer"/>. Two kinds: "gpt2", byte-level pairs with merges, and "llama", SentencePiece's pieces with scores.
/// </summary>
public sealed partial record GgmlVocabulary
{
    /// <summary>Byte-level byte-pair encoding.</summary>
    public const string BytePairs = "gpt2";

    /// <summary>SentencePiece's byte-pair encoding of characters with byte fallback.</summary>
    public const string Pieces = "llama";

    /// <summary>tokenizer.ggml.model: <see cref="BytePairs"/> or <see cref="Pieces"/>.</summary>
    public required string Model { get; init; }

    /// <summary>tokenizer.ggml.pre: how text is cut into words; only for <see cref="BytePairs"/>.</summary>
    public string? Pre { get; init; }

    /// <summary>The spelling of every id: in the byte alphabet, or with ▁ for spaces.</summary>
    public required IReadOnlyList<string> Tokens { get; init; }

    /// <summary>As many as tokens; null for all <see cref="GgmlTokenType.Normal"/>.</summary>
    public IReadOnlyList<int>? Types { get; init; }

    /// <summary>As many as tokens: of the pairs that stand side by side, the one that makes the token of highest score is merged first.</summary>
    public IReadOnlyList<float>? Scores { get; init; }

    /// <summary>"a b", in the order in which they apply. For <see cref="Pieces"/> they take the place of the scores.</summary>
    public IReadOnlyList<string>? Merges { get; init; }

    /// <summary>The id that begins a text.</summary>
    public int? BeginId { get; init; }

    /// <summary>The id that ends a text.</summary>
    public int? EndId { get; init; }

    /// <summary>The id that ends a turn of a conversation.</summary>
    public int? EndOfTurnId { get; init; }

    /// <summary>The id that ends a message behind which the same side goes on, as one that calls a tool.</summary>
    public int? EndOfMessageId { get; init; }

    public int? UnknownId { get; init; }

    public int? PaddingId { get; init; }

    /// <summary>Whether <see cref="BeginId"/> is put before a text; null for what the kind usually does.</summary>
    public bool? AddsBegin { get; init; }

    /// <summary>Whether a space is put before a text; null for yes. Only for <see cref="Pieces"/>.</summary>
    public bool? AddsSpacePrefix { get; init; }

    /// <summary>Whether <see cref="BeginId"/> is put before a text, with the usual choice of the kind where nothing is said.</summary>
    public bool AddsBeginOrUsual => AddsBegin ?? (Model == Pieces || (Pre is not null && GgmlSplitPattern.Find(Pre)?.IsLlama3 == true));
}
