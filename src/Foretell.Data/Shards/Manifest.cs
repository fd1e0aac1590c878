namespace Foretell.Data;

/// <summary>An input of a preparation.</summary>
/// <param name="Name">The path as its user named it; not part of the identity.</param>
/// <param name="Format">How it was read.</param>
/// <param name="Bytes">Its length on disk.</param>
/// <param name="Sha256">Lower-case hexadecimal.</param>
public sealed record InputFile(string Name, CorpusFormat Format, long Bytes, string Sha256);

/// <summary>A file of a preparation's result.</summary>
/// <param name="Name">Its name in the data folder.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Lower-case hexadecimal.</param>
public sealed record ShardFile(string Name, long Bytes, string Sha256);

/// <summary>The size of a split.</summary>
/// <param name="Documents">Documents; a document that <see cref="SplitMode.Tail"/> cuts counts on either side.</param>
/// <param name="Tokens">Tokens, the ends of text included.</param>
/// <param name="Bytes">Bytes of text.</param>
/// <param name="Index">Where its documents are.</param>
public sealed record SplitSize(long Documents, long Tokens, long Bytes, ShardFile Index);

/// <summary>manifest.json: what a folder of token shards was made of and what it holds.</summary>
public sealed record ShardManifest
{
    /// <summary>The form of folder this code writes and reads.</summary>
    public const int CurrentFormatVersion = 1;

    public int FormatVersion { get; init; } = CurrentFormatVersion;

    /// <summary>SHA-256 over everything that the shards are a function of: inputs, tokenizer and options.</summary>
    public required string Identity { get; init; }

    public required string TokenizerFingerprint { get; init; }

    public required int VocabularySize { get; init; }

    /// <summary>The token after every document, or null when the tokenizer has none.</summary>
    public required int? EndOfTextId { get; init; }

    /// <summary>2 (uint16) when the vocabulary fits, else 4 (uint32); little-endian.</summary>
    public required int BytesPerToken { get; init; }

    public required CorpusOptions Corpus { get; init; }

    public required ShardOptions Options { get; init; }

    public required IReadOnlyList<InputFile> Inputs { get; init; }

    /// <summary>The subfolder that holds the files below.</summary>
    public required string DataFolder { get; init; }

    public required IReadOnlyList<ShardFile> Shards { get; init; }

    public required SplitSize Train { get; init; }

    public required SplitSize Validation { get; init; }
}
