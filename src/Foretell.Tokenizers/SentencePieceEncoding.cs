using System.Security.Cryptography;
using System.Text;

namespace Foretell.Tokenizers;

/// <summary>
/// Byte-pair encoding over characters as SentencePiece does it (Llama 2, Mistral, Gemma), read from a tokenizer.json:
/// spaces become ▁, one is put before the text, merges may cross words, and what has no token is spelled in bytes.
/// Text that holds ▁ itself comes back with spaces in its place. Invalid UTF-8 is spelled in bytes and comes back.
/// </summary>
public sealed class SentencePieceEncoding : Tokenizer
{
    private const string Meta = "▁";

    private readonly TokenTable _pieces;
    private readonly MergeTable _merges;
    private readonly SentencePieceRules _rules;
    private readonly byte[]? _json;
    private readonly int[] _byteIds = new int[256];
    private readonly byte[]?[] _tokens;
    private readonly bool[] _isSpecial;
    private readonly AddedTokenFinder? _allAdded;
    private readonly AddedTokenFinder? _plainAdded;

    /// <param name="json">The tokenizer.json that this was read from; null where there was none.</param>
    internal SentencePieceEncoding(TokenTable pieces, MergeTable merges, SentencePieceRules rules, byte[]? json)
    {
        (_pieces, _merges, _rules, _json) = (pieces, merges, rules, json);
        for (int value = 0; value < 256; value++)
        {
            string name = CharacterTokenizer.ByteName((byte)value);
            _byteIds[value] = pieces.Find(Encoding.UTF8.GetBytes(name));
            if (_byteIds[value] < 0)
            {
                throw new FormatException($"The vocabulary has no token {name}; byte fallback needs all of <0x00> to <0xFF>.");
            }
        }
        foreach (AddedToken token in rules.AddedTokens.Where(token => !pieces.Contains(token.Id)))
        {
            pieces.Add(token.Id, Encoding.UTF8.GetBytes(token.Content), searchable: false);
        }
        Dictionary<int, AddedToken> added = rules.AddedTokens.ToDictionary(token => token.Id);
        _tokens = new byte[pieces.Count][];
        _isSpecial = new bool[pieces.Count];
        for (int id = 0; id < pieces.Count; id++)
        {
            if (!pieces.Contains(id))
            {
                continue;
            }
            string spelling = Encoding.UTF8.GetString(pieces[id]);
            _isSpecial[id] = added.TryGetValue(id, out AddedToken? token) && token.IsSpecial;
            _tokens[id] = token is not null ? Encoding.UTF8.GetBytes(token.Content)
                : CharacterTokenizer.ByteOf(spelling) is byte value ? [value]
                : Encoding.UTF8.GetBytes(spelling.Replace(Meta, " ", StringComparison.Ordinal));
        }
        _allAdded = AddedTokenFinder.For(rules.AddedTokens);
        _plainAdded = AddedTokenFinder.For(rules.AddedTokens.Where(token => !token.IsSpecial));
        EndOfTextId = EndOfText.Find(rules.AddedTokens) ?? rules.EndOfTextId;
    }

    public override int VocabularySize => _tokens.Length;

    public override int? EndOfTextId { get; }

    public override int? BeginOfTextId => _rules.BeginOfTextId;

    public override bool IsLossless => false;

    public override IReadOnlyList<AddedToken> AddedTokens => _rules.AddedTokens;

    public override Tokenizer WithAddedTokens(IReadOnlyList<AddedToken> added) =>
        new SentencePieceEncoding(_pieces.Copy(), _merges, _rules with { AddedTokens = [.. _rules.AddedTokens, .. added] }, json: null);

    public override string Fingerprint
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            TokenizerFingerprint.Append(hash, "foretell pieces 1");
            TokenizerFingerprint.Append(hash, (int)_rules.Prefix, VocabularySize);
            TokenizerFingerprint.AppendTables(hash, _pieces, _merges, _rules.AddedTokens);
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    public override void Encode(ReadOnlySpan<byte> utf8, List<int> ids) => Encode(utf8, ids, allowSpecial: false);

    public override void Encode(ReadOnlySpan<byte> utf8, List<int> ids, bool allowSpecial)
    {
        AddedTokenFinder? finder = allowSpecial ? _allAdded : _plainAdded;
        var merger = new PairMerger();
        int position = 0;
        while (finder?.Find(utf8, position, out int start, out int end) is AddedToken token)
        {
            EncodeOrdinary(utf8[position..start], ids, merger, isFirst: position == 0);
            ids.Add(token.Id);
            position = end;
        }
        EncodeOrdinary(utf8[position..], ids, merger, isFirst: position == 0);
    }

    public override int? SpecialId(string name) => _rules.AddedTokens.FirstOrDefault(token => token.Content == name)?.Id;

    public override ReadOnlySpan<byte> TokenBytes(int id) => (uint)id < (uint)_tokens.Length && _tokens[id] is byte[] bytes
        ? bytes
        : throw new ArgumentOutOfRangeException(nameof(id), $"There is no token {id}; this vocabulary has ids from 0 to {VocabularySize - 1}.");

    public override bool IsSpecial(int id) => (uint)id < (uint)_isSpecial.Length && _isSpecial[id];

    /// <summary>The bytes of <paramref name="ids"/> without the one space that encoding puts before a text.</summary>
    public override byte[] DecodeBytes(ReadOnlySpan<int> ids, bool withSpecial = false)
    {
        byte[] bytes = base.DecodeBytes(ids, withSpecial);
        return _rules.Prefix != SpacePrefix.Never && bytes is [(byte)' ', ..] ? bytes[1..] : bytes;
    }

    internal TokenTable Pieces => _pieces;

    internal MergeTable Merges => _merges;

    internal SentencePieceRules Rules => _rules;

    /// <summary>Writes the tokenizer.json as it was read, or one of the same encodings.</summary>
    public override void Save(string folder)
    {
        if (_json is null)
        {
            TokenizerJson.Save(this, folder);
            return;
        }
        Directory.CreateDirectory(folder);
        TokenizerJson.WriteWhole(Path.Combine(folder, TokenizerFiles.JsonName), file => file.Write(_json));
    }

    protected override void EncodeOrdinary(ReadOnlySpan<byte> utf8, List<int> ids, bool isFirst) => EncodeOrdinary(utf8, ids, new PairMerger(), isFirst);

    protected override void AppendEnds(ReadOnlySpan<byte> utf8, ReadOnlySpan<int> ids, int offset, List<int> ends)
    {
        // Tokens spell spaces as ▁, three bytes, and one may stand before the text.
        int source = 0, left = IsPrefixed(utf8, isFirst: offset == 0) ? Encoding.UTF8.GetByteCount(Meta) : 0;
        foreach (int id in ids)
        {
            bool isByte = _tokens[id] is [byte value] && _byteIds[value] == id;
            for (int wanted = isByte ? 1 : _pieces[id].Length; wanted > 0;)
            {
                if (left == 0)
                {
                    if (source == utf8.Length)
                    {
                        break;
                    }
                    Rune.DecodeFromUtf8(utf8[source..], out _, out int length);
                    left = utf8[source] == ' ' ? Encoding.UTF8.GetByteCount(Meta) : length;
                    source += length;
                }
                int taken = Math.Min(wanted, left);
                (wanted, left) = (wanted - taken, left - taken);
            }
            ends.Add(offset + source);
        }
    }

    private bool IsPrefixed(ReadOnlySpan<byte> utf8, bool isFirst) => _rules.Prefix == SpacePrefix.Always
        || (_rules.Prefix == SpacePrefix.BeforeFirst && isFirst && utf8[0] != ' ' && !utf8.StartsWith("▁"u8));

    private void EncodeOrdinary(ReadOnlySpan<byte> utf8, List<int> ids, PairMerger merger, bool isFirst)
    {
        if (utf8.Length == 0)
        {
            return;
        }
        bool prefixed = IsPrefixed(utf8, isFirst);
        int[] symbols = new int[utf8.Length + 3];
        int count = 0;
        if (prefixed)
        {
            AddCharacter("▁"u8, symbols, ref count);
        }
        for (int index = 0; index < utf8.Length;)
        {
            if (utf8[index] == ' ')
            {
                AddCharacter("▁"u8, symbols, ref count);
                index++;
                continue;
            }
            Rune.DecodeFromUtf8(utf8[index..], out _, out int length);
            AddCharacter(utf8.Slice(index, length), symbols, ref count);
            index += length;
        }
        ids.AddRange(symbols.AsSpan(0, merger.Merge(_merges, symbols.AsSpan(0, count))));
    }

    private void AddCharacter(ReadOnlySpan<byte> character, int[] symbols, ref int count)
    {
        if (_pieces.Find(character) is int id and >= 0)
        {
            symbols[count++] = id;
            return;
        }
        if (count + character.Length > symbols.Length)
        {
            throw new InvalidOperationException("Spelling a space in bytes takes more room than the text; the vocabulary has no ▁.");
        }
        foreach (byte value in character)
        {
            symbols[count++] = _byteIds[value];
        }
    }
}
