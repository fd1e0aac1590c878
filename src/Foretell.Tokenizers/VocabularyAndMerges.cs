using System.Text;
using System.Text.Json;

namespace Foretell.Tokenizers;

/// <summary>GPT-2's pair of files: vocab.json ({token: id, ...}) and merges.txt (one merge a line), in the byte alphabet.</summary>
public static class VocabularyAndMerges
{
    /// <summary>
    /// Reads the two files. Tokens in angle brackets that no merge makes, as &lt;|endoftext|&gt;, become special.
    /// The files do not say how text is split: <paramref name="preTokenizer"/> does, GPT-2's by default.
    /// </summary>
    /// <exception cref="FormatException">A file is malformed, or the two do not belong together.</exception>
    public static BytePairEncoding Load(string vocabularyPath, string mergesPath, PreTokenizer? preTokenizer = null)
    {
        TokenTable tokens = InFile.Read(vocabularyPath, json => ReadVocabulary(json));
        MergeTable merges = InFile.Read(mergesPath, text => ReadMerges(text, tokens));

        var made = new HashSet<int>();
        foreach (Merge merge in merges.InOrder)
        {
            made.Add(merge.Result);
        }
        var special = new List<AddedToken>();
        for (int id = 0; id < tokens.Count; id++)
        {
            if (tokens.Contains(id) && !made.Contains(id) && tokens[id] is [(byte)'<', _, .., (byte)'>'])
            {
                special.Add(new AddedToken(id, Encoding.UTF8.GetString(tokens[id])));
            }
        }
        return InFile.Read(vocabularyPath, _ => new BytePairEncoding(tokens, merges, new BytePairRules
        {
            PreTokenizer = preTokenizer ?? PreTokenizer.Gpt2,
            AddedTokens = special,
        }));
    }

    private static TokenTable ReadVocabulary(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException("The file does not hold a JSON object; expected {token: id, ...}.");
        }
        return BytePairModel.ReadVocabulary(json, [], byteLevel: true);
    }

    private static MergeTable ReadMerges(ReadOnlySpan<byte> text, TokenTable tokens)
    {
        var merges = new MergeReader(tokens, Math.Max(16, text.Length / 8));
        bool first = true;
        foreach (Range range in text.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range].TrimEnd((byte)'\r');
            if (line.Length > 0 && !(first && line.StartsWith("#version"u8)))
            {
                merges.AddLine(line);
            }
            first = false;
        }
        return merges.ToTable();
    }
}
