using System.IO.Compression;
using System.Text;

namespace Foretell.Data.Tests;

/// <summary>Files to read and shards to sample from, for as long as a test runs.</summary>
internal sealed class DataFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<TokenShards> _opened = [];

    public string Folder => _folder.Path;

    public string Path(string name) => _folder.File(name);

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        string path = _folder.File(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, name.EndsWith(".gz", StringComparison.Ordinal) ? Compress(bytes) : bytes);
        return path;
    }

    public TokenShards Prepare(string corpusPath, string into = "shards", ShardOptions? options = null, ByteTokenizer? tokenizer = null, CorpusOptions? reading = null)
    {
        TokenShards shards = TokenShards.Prepare(Corpus.Open([corpusPath], reading), tokenizer ?? new ByteTokenizer(), Path(into), options);
        _opened.Add(shards);
        return shards;
    }

    /// <summary>A training split of <paramref name="documents"/>, without validation.</summary>
    public TokenSplit Split(IEnumerable<string> documents, ByteTokenizer? tokenizer = null, long shardTokens = 1 << 20) =>
        Prepare(Write("documents.txt", string.Join("<|endoftext|>", documents)), options: new ShardOptions { ValidationShare = 0, ShardTokens = shardTokens }, tokenizer: tokenizer).Train;

    /// <summary>Documents of 1 to <paramref name="longest"/> letters, a function of the seed.</summary>
    public static string[] RandomDocuments(int count, int longest, ulong seed)
    {
        var random = new SplitMix64(seed);
        return [.. Enumerable.Range(0, count).Select(_ => new string([.. Enumerable.Range(0, 1 + (int)random.Below(longest)).Select(_ => (char)('a' + random.Below(26)))]))];
    }

    public static byte[] Compress(byte[] bytes)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(bytes);
        }
        return compressed.ToArray();
    }

    /// <summary>A split's documents as text, the end of text as a bar.</summary>
    public static string[] Texts(TokenSplit split) => [.. Enumerable.Range(0, (int)split.DocumentCount).Select(document =>
    {
        int[] ids = new int[split.DocumentLength(document)];
        split.ReadDocument(document, 0, ids);
        return Text(split, ids);
    })];

    /// <summary>Ids as text, the end of text as a bar.</summary>
    public static string Text(TokenSplit split, IEnumerable<int> ids)
    {
        int firstId = split.VocabularySize - (split.EndOfTextId is null ? 256 : 257);
        return Encoding.UTF8.GetString([.. ids.Select(id => id == split.EndOfTextId ? (byte)'|' : (byte)(id - firstId))]);
    }

    public void Dispose()
    {
        _opened.ForEach(shards => shards.Dispose());
        _folder.Dispose();
    }
}
