namespace Foretell.Data;

/// <summary>
/// A document's text or, when that is longer than <see cref="CorpusOptions.PieceBytes"/>, the next part of it.
/// </summary>
/// <param name="Text">UTF-8 (any bytes under <see cref="CorpusOptions.AllowBytes"/>), its own copy; empty only when a long document's last cut fell on its end.</param>
/// <param name="EndsDocument">Whether the document ends with this piece.</param>
public readonly record struct DocumentPiece(ReadOnlyMemory<byte> Text, bool EndsDocument);
