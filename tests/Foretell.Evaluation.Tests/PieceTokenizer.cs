using System.Security.Cryptography;
using System.Text;
using Foretell.Tokenizers;

namespace Foretell.Evaluation.Tests;

/// <summary>256 bytes, some longer pieces taken greedily, and an end of text.</summary>
internal sealed class PieceTokenizer : Tokenizer
{
    private readonly byte[][] _pieces;

    public PieceTokenizer(params string[] pieces)
    {
        _pieces = [.. Enumerable.Range(0, 256).Select(value => new[] { (byte)value }), .. pieces.Select(Encoding.UTF8.GetBytes), "<|end|>"u8.ToArray()];
        Fingerprint = Convert.ToHexStringLower(SHA256.HashData(_pieces.SelectMany(piece => piece.Append((byte)0)).ToArray()));
    }

    public override int VocabularySize => _pieces.Length;
    public override int? EndOfTextId => _pieces.Length - 1;
    public override string Fingerprint { get; }

    public override void Encode(ReadOnlySpan<byte> utf8, List<int> ids)
    {
        while (!utf8.IsEmpty)
        {
            int id = utf8[0];
            for (int longer = 256; longer < _pieces.Length - 1; longer++)
            {
                if (_pieces[longer].Length > _pieces[id].Length && utf8.StartsWith(_pieces[longer]))
                {
                    id = longer;
                }
            }
            ids.Add(id);
            utf8 = utf8[_pieces[id].Length..];
        }
    }

    public override ReadOnlySpan<byte> TokenBytes(int id) => _pieces[id];
    public override bool IsSpecial(int id) => id == EndOfTextId;
    public override void Save(string folder) => throw new NotSupportedException();
}
