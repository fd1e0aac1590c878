using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Foretell.Data;

/// <summary>A piece of a document on its way into the shards.</summary>
/// <param name="Text">The bytes to tokenize.</param>
/// <param name="EndsDocument">Whether its document, as the shards count them, ends here.</param>
/// <param name="EndsText">Whether the end-of-text token belongs behind it.</param>
/// <param name="Key">With <paramref name="EndsDocument"/>: the document's place in [0, 2^64), of which validation is the lowest part.</param>
internal readonly record struct DocumentPart(ReadOnlyMemory<byte> Text, bool EndsDocument, bool EndsText, ulong Key)
{
    public const ulong ValidationKey = 0, TrainKey = ulong.MaxValue;

    /// <summary>The parts for <see cref="SplitMode.Documents"/>: a key is a seeded hash of the document's bytes.</summary>
    public static IEnumerable<DocumentPart> ByContent(IEnumerable<DocumentPiece> pieces, ulong seed)
    {
        using var content = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] digest = new byte[SHA256.HashSizeInBytes];
        foreach (DocumentPiece piece in pieces)
        {
            content.AppendData(piece.Text.Span);
            ulong key = 0;
            if (piece.EndsDocument)
            {
                content.GetHashAndReset(digest);
                key = SplitMix64.Mix(seed, BinaryPrimitives.ReadUInt64LittleEndian(digest));
            }
            yield return new DocumentPart(piece.Text, piece.EndsDocument, piece.EndsDocument, key);
        }
    }

    /// <summary>The parts for <see cref="SplitMode.Tail"/>: validation from character number <paramref name="trainCharacters"/> on.</summary>
    public static IEnumerable<DocumentPart> ByPosition(IEnumerable<DocumentPiece> pieces, long trainCharacters)
    {
        long charactersLeft = trainCharacters;
        bool isInsideDocument = false;
        foreach (DocumentPiece piece in pieces)
        {
            ReadOnlyMemory<byte> text = piece.Text;
            if (charactersLeft >= 0)
            {
                int cut = Utf8Text.OffsetOfCharacter(text.Span, charactersLeft);
                bool isCut = cut < text.Length;
                charactersLeft = isCut ? -1 : charactersLeft - Utf8Text.CountCharacters(text.Span);
                if (cut > 0 || isInsideDocument)
                {
                    yield return new DocumentPart(text[..cut], isCut || piece.EndsDocument, !isCut && piece.EndsDocument, TrainKey);
                }
                if (!isCut)
                {
                    isInsideDocument = !piece.EndsDocument;
                    continue;
                }
                text = text[cut..];
            }
            yield return new DocumentPart(text, piece.EndsDocument, piece.EndsDocument, ValidationKey);
        }
    }
}
