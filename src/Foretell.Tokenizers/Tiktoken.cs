using System.Buffers.Text;
using System.Text;

namespace Foretell.Tokenizers;

/// <summary>
/// OpenAI's .tiktoken files: lines of a token in base 64 and its rank, which is its id and the order of its merge.
/// They tell neither the split pattern nor the special tokens; those of the published vocabularies are known here by size.
/// </summary>
public static class Tiktoken
{
    private sealed record Published(int Ranks, PreTokenizer PreTokenizer, AddedToken[] Special);

    private static readonly Published[] Vocabularies =
    [
        new(50256, PreTokenizer.Gpt2, [new(50256, "<|endoftext|>")]),
        new(50280, PreTokenizer.Gpt2, [new(50256, "<|endoftext|>")]),
        new(100256, PreTokenizer.Cl100k,
        [
            new(100257, "<|endoftext|>"), new(100258, "<|fim_prefix|>"), new(100259, "<|fim_middle|>"),
            new(100260, "<|fim_suffix|>"), new(100276, "<|endofprompt|>"),
        ]),
        new(199998, PreTokenizer.O200k, [new(199999, "<|endoftext|>"), new(200018, "<|endofprompt|>")]),
    ];

    /// <summary>Reads r50k_base, p50k_base, cl100k_base or o200k_base.</summary>
    /// <exception cref="FormatException">The file is malformed, or of no published size.</exception>
    public static BytePairEncoding Load(string path) => InFile.Read(path, text =>
    {
        TokenTable tokens = ReadRanks(text, out int count);
        Published published = Array.Find(Vocabularies, vocabulary => vocabulary.Ranks == count)
            ?? throw new FormatException($"The file has {count} ranks, which is no published vocabulary's number (r50k 50256, p50k 50280, cl100k 100256, o200k 199998); give its split pattern and special tokens.");
        return Build(tokens, published.PreTokenizer, published.Special);
    });

    /// <summary>Reads any rank file with the split pattern and special tokens that belong to it.</summary>
    /// <exception cref="FormatException">The file is malformed.</exception>
    public static BytePairEncoding Load(string path, PreTokenizer preTokenizer, IEnumerable<AddedToken> specialTokens) =>
        InFile.Read(path, text => Build(ReadRanks(text, out _), preTokenizer, [.. specialTokens.OrderBy(token => token.Id)]));

    private static BytePairEncoding Build(TokenTable tokens, PreTokenizer preTokenizer, AddedToken[] special) =>
        new(tokens, Merges(tokens), new BytePairRules { PreTokenizer = preTokenizer, IgnoresMerges = true, AddedTokens = special });

    private static TokenTable ReadRanks(ReadOnlySpan<byte> text, out int count)
    {
        var tokens = new TokenTable();
        count = 0;
        int lineNumber = 0;
        byte[] bytes = new byte[1024];
        foreach (Range range in text.Split((byte)'\n'))
        {
            lineNumber++;
            ReadOnlySpan<byte> line = text[range].TrimEnd((byte)'\r');
            if (line.Length == 0)
            {
                continue;
            }
            int space = line.IndexOf((byte)' ');
            if (space > bytes.Length)
            {
                bytes = new byte[space * 2];
            }
            bool read = space > 0
                & Base64.DecodeFromUtf8(line[..Math.Max(space, 0)], bytes, out _, out int length) == System.Buffers.OperationStatus.Done
                & Utf8Parser.TryParse(line[(space + 1)..], out int rank, out int digits);
            if (!read || length == 0 || digits != line.Length - space - 1)
            {
                throw new FormatException($"Line {lineNumber} is '{Encoding.UTF8.GetString(line)}'; expected a token in base 64, a space and its rank.");
            }
            tokens.Add(rank, bytes.AsSpan(0, length));
            count++;
        }
        return count > 0 ? tokens : throw new FormatException("The file is empty; expected lines of a token in base 64, a space and its rank.");
    }

    /// <summary>Any two tokens that together make a token merge, in the order of the tokens made.</summary>
    private static MergeTable Merges(TokenTable tokens)
    {
        var merges = new List<Merge>(tokens.Count * 4);
        var splits = new List<Merge>();
        for (int id = 0; id < tokens.Count; id++)
        {
            if (!tokens.Contains(id))
            {
                continue;
            }
            ReadOnlySpan<byte> token = tokens[id];
            splits.Clear();
            for (int cut = 1; cut < token.Length; cut++)
            {
                int left = tokens.Find(token[..cut]);
                int right = left < 0 ? -1 : tokens.Find(token[cut..]);
                if (right >= 0)
                {
                    splits.Add(new Merge(left, right, id));
                }
            }
            splits.Sort((a, b) => (a.Left, a.Right).CompareTo((b.Left, b.Right)));
            merges.AddRange(splits);
        }
        return new MergeTable(merges);
    }
}
