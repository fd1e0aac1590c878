using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Foretell.Tokenizers;

/// <summary>
/// One id per character: the distinct characters (Unicode scalars) of a training text in order, then
/// &lt;|endoftext|&gt;, then the 256 bytes, which spell what the training text did not hold. Lossless on any bytes.
/// In a tokenizer.json it is byte-pair encoding without merges and with byte fallback, which Hugging Face's tokenizers load.
/// </summary>
public sealed class CharacterTokenizer : Tokenizer
{
    private readonly Dictionary<int, int> _idOfCharacter = [];
    private readonly int[] _idOfAscii = new int[128];
    private readonly int[] _idOfByte = new int[256];
    private readonly byte[][] _tokens;
    private readonly AddedToken[] _added;
    private readonly HashSet<int> _special;
    private readonly AddedTokenFinder? _finder;

    private CharacterTokenizer(IReadOnlyList<(string Spelling, int Id)> vocabulary, AddedToken[] added)
    {
        _added = added;
        _special = [.. added.Where(token => token.IsSpecial).Select(token => token.Id)];
        _finder = AddedTokenFinder.For(added);
        _tokens = new byte[1 + Math.Max(vocabulary.Max(token => token.Id), added.Select(token => token.Id).DefaultIfEmpty().Max())][];
        HashSet<int> addedIds = [.. added.Select(token => token.Id)];
        foreach ((string spelling, int id) in vocabulary)
        {
            if (addedIds.Contains(id))
            {
                continue;
            }
            if (ByteOf(spelling) is byte value)
            {
                _idOfByte[value] = id;
                _tokens[id] = [value];
            }
            else
            {
                _idOfCharacter.Add(Rune.GetRuneAt(spelling, 0).Value, id);
                _tokens[id] = Encoding.UTF8.GetBytes(spelling);
            }
        }
        foreach (AddedToken token in added)
        {
            _tokens[token.Id] = Encoding.UTF8.GetBytes(token.Content);
        }
        for (int ascii = 0; ascii < 128; ascii++)
        {
            _idOfAscii[ascii] = _idOfCharacter.TryGetValue(ascii, out int id) ? id : _idOfByte[ascii];
        }
        EndOfTextId = EndOfText.Find(added);
    }

    /// <summary>The number of characters with an id of their own.</summary>
    public int CharacterCount => _idOfCharacter.Count;

    public override int VocabularySize => _tokens.Length;

    public override int? EndOfTextId { get; }

    public override IReadOnlyList<AddedToken> AddedTokens => _added;

    public override string Fingerprint
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            TokenizerFingerprint.Append(hash, "foretell characters 1");
            foreach ((string spelling, int id) in Vocabulary())
            {
                TokenizerFingerprint.Append(hash, id, IsSpecial(id) ? 1 : 0);
                TokenizerFingerprint.Append(hash, spelling);
            }
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    /// <summary>The tokenizer of the distinct characters of <paramref name="utf8"/>; bytes that are not UTF-8 are passed over.</summary>
    /// <exception cref="ArgumentException">The text holds no character.</exception>
    public static CharacterTokenizer Train(ReadOnlySpan<byte> utf8)
    {
        var characters = new SortedSet<int>();
        for (int index = 0; index < utf8.Length;)
        {
            if (Rune.DecodeFromUtf8(utf8[index..], out Rune rune, out int length) == System.Buffers.OperationStatus.Done)
            {
                characters.Add(rune.Value);
            }
            index += length;
        }
        if (characters.Count == 0)
        {
            throw new ArgumentException("The training text holds no characters; give a text in UTF-8 that is not empty.");
        }
        var vocabulary = new List<(string, int)>();
        foreach (int character in characters)
        {
            vocabulary.Add((new Rune(character).ToString(), vocabulary.Count));
        }
        var endOfText = new AddedToken(vocabulary.Count, BpeTrainerOptions.EndOfText);
        vocabulary.Add((endOfText.Content, endOfText.Id));
        for (int value = 0; value < 256; value++)
        {
            vocabulary.Add((ByteName((byte)value), vocabulary.Count));
        }
        return new CharacterTokenizer(vocabulary, [endOfText]);
    }

    public override Tokenizer WithAddedTokens(IReadOnlyList<AddedToken> added) =>
        new CharacterTokenizer([.. Vocabulary(), .. added.Select(token => (token.Content, token.Id))], [.. _added, .. added]);

    public override void Encode(ReadOnlySpan<byte> utf8, List<int> ids)
    {
        ids.EnsureCapacity(ids.Count + utf8.Length);
        for (int index = 0; index < utf8.Length;)
        {
            if (utf8[index] < 0x80)
            {
                ids.Add(_idOfAscii[utf8[index++]]);
                continue;
            }
            bool valid = Rune.DecodeFromUtf8(utf8[index..], out Rune rune, out int length) == System.Buffers.OperationStatus.Done;
            if (valid && _idOfCharacter.TryGetValue(rune.Value, out int id))
            {
                ids.Add(id);
                index += length;
                continue;
            }
            for (int end = index + length; index < end; index++)
            {
                ids.Add(_idOfByte[utf8[index]]);
            }
        }
    }

    public override void Encode(ReadOnlySpan<byte> utf8, List<int> ids, bool allowSpecial)
    {
        int position = 0;
        while (allowSpecial && _finder?.Find(utf8, position, out int start, out int end) is AddedToken token)
        {
            Encode(utf8[position..start], ids);
            ids.Add(token.Id);
            position = end;
        }
        Encode(utf8[position..], ids);
    }

    public override int? SpecialId(string name) => Array.Find(_added, token => token.Content == name)?.Id;

    public override ReadOnlySpan<byte> TokenBytes(int id) => (uint)id < (uint)_tokens.Length && _tokens[id] is byte[] bytes
        ? bytes
        : throw new ArgumentOutOfRangeException(nameof(id), $"There is no token {id}; this vocabulary has ids from 0 to {VocabularySize - 1}.");

    public override bool IsSpecial(int id) => _special.Contains(id);

    public override void Save(string folder) => TokenizerJson.Save(folder, Vocabulary(), _added);

    /// <summary>Whether a tokenizer.json is of this kind: no merges, byte fallback, and nothing done to the text first.</summary>
    internal static bool Describes(BytePairModel model, JsonNode? normalizer, JsonNode? preTokenizer) =>
        model.FallsBackToBytes && !model.HasMerges && normalizer is null && preTokenizer is null;

    internal static CharacterTokenizer FromModel(BytePairModel model, AddedToken[] added)
    {
        List<(string Spelling, int Id)> vocabulary = model.ReadVocabulary();
        HashSet<int> addedIds = [.. added.Select(token => token.Id)];
        var seen = new HashSet<int>();
        int bytes = 0;
        foreach ((string spelling, int id) in vocabulary)
        {
            if (id is < 0 or >= TokenTable.MaximumId || !seen.Add(id))
            {
                throw new FormatException($"The token '{spelling}' has the id {id}, which is out of range or taken; each token needs an id of its own from 0.");
            }
            bool isByte = ByteOf(spelling) is not null;
            bytes += isByte ? 1 : 0;
            bool isCharacter = Rune.TryGetRuneAt(spelling.Length > 0 ? spelling : "\uD800", 0, out Rune rune) && rune.Utf16SequenceLength == spelling.Length;
            if (!isByte && !isCharacter && !addedIds.Contains(id))
            {
                throw new FormatException($"The token '{spelling}' is longer than a character, but no merge makes it; expected characters and the bytes <0x00> to <0xFF>.");
            }
        }
        return bytes == 256
            ? new CharacterTokenizer(vocabulary, added)
            : throw new FormatException($"The vocabulary has {bytes} of the 256 bytes <0x00> to <0xFF>; byte fallback needs all of them.");
    }

    /// <summary>Every token as a tokenizer.json spells it.</summary>
    internal IEnumerable<(string Spelling, int Id)> Vocabulary()
    {
        for (int id = 0; id < _tokens.Length; id++)
        {
            if (_tokens[id] is byte[] bytes)
            {
                bool isByte = bytes.Length == 1 && _idOfByte[bytes[0]] == id;
                yield return (isByte ? ByteName(bytes[0]) : Encoding.UTF8.GetString(bytes), id);
            }
        }
    }

    internal static string ByteName(byte value) => string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");

    internal static byte? ByteOf(string spelling) =>
        spelling.Length == 6 && spelling.StartsWith("<0x", StringComparison.Ordinal) && spelling[5] == '>'
        && byte.TryParse(spelling.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value) ? value : null;
}
