using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Foretell.Tokenizers;

/// <summary>The "model" of a tokenizer.json, its vocabulary and merges read where they lie.</summary>
internal ref struct BytePairModel
{
    private ReadOnlySpan<byte> _vocabulary;
    private ReadOnlySpan<byte> _merges;
    private string? _type;
    private string? _unsupported;

    public bool IgnoresMerges { get; private set; }

    public bool FallsBackToBytes { get; private set; }

    public readonly bool HasMerges
    {
        get
        {
            var reader = new Utf8JsonReader(_merges);
            return _merges.Length > 0 && reader.Read() && reader.Read() && reader.TokenType != JsonTokenType.EndArray;
        }
    }

    /// <exception cref="FormatException">The model is not byte-pair encoding, or lacks its vocabulary or merges.</exception>
    public static BytePairModel Parse(ReadOnlySpan<byte> json)
    {
        var model = new BytePairModel();
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException("\"model\" is not an object; expected a Hugging Face tokenizer.json.");
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            int start = (int)reader.TokenStartIndex;
            switch (name)
            {
                case "type":
                    model._type = reader.GetString();
                    break;
                case "vocab":
                    reader.Skip();
                    model._vocabulary = json[start..(int)reader.BytesConsumed];
                    break;
                case "merges":
                    reader.Skip();
                    model._merges = json[start..(int)reader.BytesConsumed];
                    break;
                case "ignore_merges":
                    model.IgnoresMerges = reader.TokenType == JsonTokenType.True;
                    break;
                case "byte_fallback":
                    model.FallsBackToBytes = reader.TokenType == JsonTokenType.True;
                    break;
                case "continuing_subword_prefix" or "end_of_word_suffix" when reader.TokenType == JsonTokenType.String && reader.GetString()!.Length > 0:
                case "dropout" when reader.TokenType == JsonTokenType.Number && reader.GetDouble() > 0:
                    model._unsupported = name;
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        if (model._type is not (null or "BPE"))
        {
            throw new FormatException($"The model is of type {model._type}; only BPE is supported.");
        }
        if (model._vocabulary.Length == 0 || model._vocabulary[0] != '{')
        {
            throw new FormatException("The model has no vocabulary; expected \"vocab\": {token: id, ...}.");
        }
        if (model._merges.Length == 0 || model._merges[0] != '[')
        {
            throw new FormatException("The model has no merges; expected \"merges\": [...].");
        }
        return model;
    }

    /// <exception cref="FormatException">The model has a rule that would change encodings.</exception>
    public readonly void RefuseUnknownRules()
    {
        if (_unsupported is not null)
        {
            throw new FormatException($"The model sets \"{_unsupported}\", which is not supported.");
        }
    }

    /// <summary>Every token's spelling and id.</summary>
    public readonly List<(string Spelling, int Id)> ReadVocabulary()
    {
        var vocabulary = new List<(string, int)>();
        var reader = new Utf8JsonReader(_vocabulary);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string spelling = reader.GetString()!;
            vocabulary.Add((spelling, ReadId(ref reader, spelling)));
        }
        return vocabulary;
    }

    public readonly TokenTable ReadVocabulary(IReadOnlyList<AddedToken> added, bool byteLevel) => ReadVocabulary(_vocabulary, added, byteLevel);

    /// <summary>
    /// A vocabulary {token: id, ...}, spelled in the byte alphabet or as it is. Where tokens of a byte-level vocabulary are
    /// not spelled in the alphabet, they stand for their UTF-8 and no merge makes them.
    /// </summary>
    /// <exception cref="FormatException">An id is no integer, out of range or taken.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static TokenTable ReadVocabulary(ReadOnlySpan<byte> json, IReadOnlyList<AddedToken> added, bool byteLevel)
    {
        HashSet<int> special = [.. added.Where(token => token.IsSpecial).Select(token => token.Id)];
        var tokens = new TokenTable();
        byte[] spelling = new byte[256];
        byte[] bytes = new byte[256];
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueSpan.Length > spelling.Length)
            {
                spelling = new byte[reader.ValueSpan.Length * 2];
                bytes = new byte[spelling.Length];
            }
            int length = reader.CopyString(spelling);
            int count = byteLevel ? ByteAlphabet.Read(spelling.AsSpan(0, length), bytes) : length;
            if (!byteLevel)
            {
                spelling.AsSpan(0, length).CopyTo(bytes);
            }
            int id = ReadId(ref reader, spelling.AsSpan(0, length));
            if (count < 0)
            {
                tokens.Add(id, spelling.AsSpan(0, length), searchable: false);
            }
            else
            {
                tokens.Add(id, bytes.AsSpan(0, count), searchable: !special.Contains(id));
            }
        }
        return tokens;
    }

    /// <exception cref="FormatException">A merge is malformed or names a token that the vocabulary lacks.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly MergeTable ReadMerges(TokenTable tokens, bool byteLevel)
    {
        var merges = new MergeReader(tokens, Math.Max(16, _merges.Length / 16), byteLevel);
        byte[] spelling = new byte[256];
        byte[] second = new byte[256];
        var reader = new Utf8JsonReader(_merges);
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            bool paired = reader.TokenType == JsonTokenType.StartArray;
            if (paired)
            {
                reader.Read();
            }
            int length = Copy(ref reader, ref spelling, merges.Count);
            if (paired)
            {
                reader.Read();
                int secondLength = Copy(ref reader, ref second, merges.Count);
                merges.Add(spelling.AsSpan(0, length), second.AsSpan(0, secondLength));
                if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray)
                {
                    throw new FormatException($"Merge {merges.Count} has more than two tokens; expected [\"a\", \"b\"].");
                }
            }
            else
            {
                merges.AddLine(spelling.AsSpan(0, length));
            }
        }
        return merges.ToTable();
    }

    private static int Copy(ref Utf8JsonReader reader, ref byte[] buffer, int mergesBefore)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            throw new FormatException($"Merge {mergesBefore + 1} is not made of strings; expected \"a b\" or [\"a\", \"b\"].");
        }
        if (reader.ValueSpan.Length > buffer.Length)
        {
            buffer = new byte[reader.ValueSpan.Length * 2];
        }
        return reader.CopyString(buffer);
    }

    private static int ReadId(ref Utf8JsonReader reader, string spelling) => ReadId(ref reader, Encoding.UTF8.GetBytes(spelling));

    private static int ReadId(ref Utf8JsonReader reader, ReadOnlySpan<byte> spelling) =>
        reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int id) ? id
        : throw new FormatException($"The token '{Encoding.UTF8.GetString(spelling)}' has no integer id; expected \"vocab\": {{token: id, ...}}.");
}
