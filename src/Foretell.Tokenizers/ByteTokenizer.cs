namespace Foretell.Tokenizers;

/// <summary>
/// The plain byte tokenizer: ids 0 to 255 are the bytes, and 256, where there is one, ends a document.
/// In a tokenizer.json it is byte-level byte-pair encoding without merges.
/// </summary>
public sealed class ByteTokenizer : Tokenizer
{
    private static readonly byte[] Values = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];
    private readonly BytePairEncoding _sameInBytePairs;

    /// <param name="endOfText">Whether there is an id 256, &lt;|endoftext|&gt;.</param>
    public ByteTokenizer(bool endOfText = true)
    {
        var tokens = new TokenTable();
        foreach (byte value in Values)
        {
            tokens.Add(value, [value]);
        }
        _sameInBytePairs = new BytePairEncoding(tokens, new MergeTable([]), new BytePairRules
        {
            PreTokenizer = PreTokenizer.None,
            AddedTokens = endOfText ? [new AddedToken(256, BpeTrainerOptions.EndOfText)] : [],
        });
    }

    /// <summary>The same ids as byte pairs without merges.</summary>
    internal BytePairEncoding AsBytePairs => _sameInBytePairs;

    public override int VocabularySize => _sameInBytePairs.VocabularySize;

    public override int? EndOfTextId => _sameInBytePairs.EndOfTextId;

    public override IReadOnlyList<AddedToken> AddedTokens => _sameInBytePairs.AddedTokens;

    public override string Fingerprint => _sameInBytePairs.Fingerprint;

    public override Tokenizer WithAddedTokens(IReadOnlyList<AddedToken> added) => _sameInBytePairs.WithAddedTokens(added);

    public override void Encode(ReadOnlySpan<byte> utf8, List<int> ids)
    {
        ids.EnsureCapacity(ids.Count + utf8.Length);
        foreach (byte value in utf8)
        {
            ids.Add(value);
        }
    }

    public override void Encode(ReadOnlySpan<byte> utf8, List<int> ids, bool allowSpecial) => _sameInBytePairs.Encode(utf8, ids, allowSpecial);

    public override int? SpecialId(string name) => _sameInBytePairs.SpecialId(name);

    public override ReadOnlySpan<byte> TokenBytes(int id) => _sameInBytePairs.TokenBytes(id);

    public override bool IsSpecial(int id) => _sameInBytePairs.IsSpecial(id);

    /// <summary>Writes tokenizer.json, which loads as a <see cref="BytePairEncoding"/> of the same ids and fingerprint.</summary>
    public override void Save(string folder) => _sameInBytePairs.Save(folder);
}
