using System.Globalization;
using Foretell.Tokenizers;

namespace Foretell.Data.Tests;

/// <summary>A byte is an id, moved up by <paramref name="firstId"/>; behind the 256 comes the end of text, unless there is none.</summary>
internal sealed class ByteTokenizer(int firstId = 0, bool hasEndOfText = true) : Tokenizer
{
    public override int VocabularySize => firstId + (hasEndOfText ? 257 : 256);

    public override int? EndOfTextId => hasEndOfText ? firstId + 256 : null;

    public override string Fingerprint => string.Create(CultureInfo.InvariantCulture, $"{firstId:x8}{(hasEndOfText ? 1 : 0)}").PadRight(64, '0');

    public override void Encode(ReadOnlySpan<byte> utf8, List<int> ids)
    {
        foreach (byte value in utf8)
        {
            ids.Add(firstId + value);
        }
    }

    public override ReadOnlySpan<byte> TokenBytes(int id)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(id, firstId);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, VocabularySize);
        return IsSpecial(id) ? "<|endoftext|>"u8 : new[] { (byte)(id - firstId) };
    }

    public override bool IsSpecial(int id) => id == EndOfTextId;

    public override void Save(string folder) => throw new NotSupportedException("Tests do not save it.");
}
