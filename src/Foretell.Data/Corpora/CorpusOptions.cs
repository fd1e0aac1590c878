namespace Foretell.Data;

/// <summary>How the files of a corpus are read.</summary>
public sealed record CorpusOptions
{
    /// <summary>The field of a .jsonl line that holds the document's text. Default "text".</summary>
    public string TextField { get; init; } = "text";

    /// <summary>What ends a document in a text file; with the line break directly behind it, it is not text. Empty: a file is one document. Default "&lt;|endoftext|&gt;".</summary>
    public string EndOfTextMarker { get; init; } = "<|endoftext|>";

    /// <summary>Whether text files may hold bytes that are not UTF-8. Default no: such a file is refused with the place of the first bad byte.</summary>
    public bool AllowBytes { get; init; }

    /// <summary>The largest piece of a text document that is held and tokenized as a whole, in bytes, 128 to 2^28. Default 2^20. Longer documents are cut where a line begins with a letter, if there is such a place.</summary>
    public int PieceBytes { get; init; } = 1 << 20;

    internal void Validate()
    {
        if (string.IsNullOrEmpty(TextField))
        {
            throw new ArgumentException("The text field has an empty name; name the .jsonl field that holds the text, such as \"text\".");
        }
        if (PieceBytes is < 128 or > 1 << 28)
        {
            throw new ArgumentException(FormattableString.Invariant($"PieceBytes is {PieceBytes}; it must be from 128 to {1 << 28}."));
        }
        if (EndOfTextMarker.Length > 32)
        {
            throw new ArgumentException(FormattableString.Invariant($"The end-of-text marker has {EndOfTextMarker.Length} characters; at most 32 are allowed."));
        }
    }
}
