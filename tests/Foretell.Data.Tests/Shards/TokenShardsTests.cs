using System.Globalization;
using System.Text.Json;

namespace Foretell.Data.Tests;

public class TokenShardsTests
{
    [Fact]
    public void Open_ManifestWritten_ReadsTheSameBack()
    {
        using var data = new DataFixture();
        string path = data.Write("corpus.jsonl", "{\"body\":\"one\"}\n{\"body\":\"two\"}");
        var options = new ShardOptions { SplitSeed = ulong.MaxValue, ValidationShare = 0.3 };
        ShardManifest manifest = data.Prepare(path, options: options, reading: new CorpusOptions { TextField = "body" }).Manifest;
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(data.Path("shards/manifest.json")));
        Assert.Equal(1, json.RootElement.GetProperty("formatVersion").GetInt32());
        Assert.Equal(256, json.RootElement.GetProperty("tokenizer").GetProperty("endOfTextId").GetInt32());
        Assert.Equal((257, "body", 0.3, ulong.MaxValue), (manifest.VocabularySize, manifest.Corpus.TextField, manifest.Options.ValidationShare, manifest.Options.SplitSeed));
        InputFile input = Assert.Single(manifest.Inputs);
        Assert.Equal((path, CorpusFormat.JsonLines, 29L), (input.Name, input.Format, input.Bytes));
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))), input.Sha256);
        Assert.Equal((1L, 4L, 3L), (manifest.Validation.Documents, manifest.Validation.Tokens, manifest.Validation.Bytes));
    }

    [Fact]
    public void Open_ShardOfAnotherSize_NamesItAndBothSizes()
    {
        using var data = new DataFixture();
        string shard = ShardOf(data);
        File.AppendAllText(shard, "x");
        Assert.Equal($"{shard} has 17 bytes, and the manifest says 16 bytes; prepare the data again.", Assert.Throws<TokenShardException>(() => TokenShards.Open(data.Path("shards"))).Message);
    }

    [Fact]
    public void Open_ShardMissing_NamesIt()
    {
        using var data = new DataFixture();
        string shard = ShardOf(data);
        File.Delete(shard);
        Assert.Equal($"{shard} is missing, and the manifest says 16 bytes; prepare the data again.", Assert.Throws<TokenShardException>(() => TokenShards.Open(data.Path("shards"))).Message);
    }

    [Fact]
    public void Prepare_OverAShardOfAnotherSize_MakesItAnew()
    {
        using var data = new DataFixture();
        File.Delete(ShardOf(data));
        using TokenShards shards = TokenShards.Prepare(Corpus.Open([data.Path("a.txt")]), new ByteTokenizer(), data.Path("shards"));
        shards.Verify();
    }

    [Theory]
    [InlineData("tokens-00000.bin")]
    [InlineData("train.documents")]
    [InlineData("validation.documents")]
    public void Verify_ChangedByte_NamesTheFile(string name)
    {
        using var data = new DataFixture();
        string file = Path.Combine(Path.GetDirectoryName(ShardOf(data))!, name);
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        using TokenShards shards = TokenShards.Open(data.Path("shards"));
        Assert.StartsWith($"{file} is damaged: its SHA-256 is ", Assert.Throws<TokenShardException>(() => shards.Verify()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "is not a manifest of token shards")]
    [InlineData("[]", "is not a manifest of token shards")]
    [InlineData("{\"formatVersion\":1}", "is not a manifest of token shards")]
    [InlineData("{\"formatVersion\":2}", "has format version 2, and this program reads version 1; prepare the data again.")]
    public void Open_WrongManifest_SaysWhat(string json, string expected)
    {
        using var data = new DataFixture();
        data.Write("shards/manifest.json", json);
        Assert.Contains(expected, Assert.Throws<TokenShardException>(() => TokenShards.Open(data.Path("shards"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"name\": \"tokens-00000.bin\"", "\"name\": \"../tokens-00000.bin\"", "names files outside its folder")]
    [InlineData("\"tokens\": 4", "\"tokens\": 5", "contradicts itself")]
    [InlineData("\"bytesPerToken\": 2", "\"bytesPerToken\": 3", "contradicts itself")]
    public void Open_ManifestThatLies_IsRefused(string written, string lie, string expected)
    {
        using var data = new DataFixture();
        ShardOf(data);
        string manifest = File.ReadAllText(data.Path("shards/manifest.json"));
        Assert.Contains(written, manifest, StringComparison.Ordinal);
        data.Write("shards/manifest.json", manifest.Replace(written, lie, StringComparison.Ordinal));
        Assert.Contains(expected, Assert.Throws<TokenShardException>(() => TokenShards.Open(data.Path("shards"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RequireTokenizer_Another_NamesBothVocabularies()
    {
        using var data = new DataFixture();
        ShardOf(data);
        using TokenShards shards = TokenShards.Open(data.Path("shards"));
        shards.RequireTokenizer(new ByteTokenizer());
        string message = Assert.Throws<TokenShardException>(() => shards.RequireTokenizer(new ByteTokenizer(3))).Message;
        Assert.Contains("(vocabulary 257, fingerprint 000000001000)", message, StringComparison.Ordinal);
        Assert.Contains("(vocabulary 260, fingerprint 000000031000)", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_AfterDispose_Throws()
    {
        using var data = new DataFixture();
        TokenShards shards = data.Prepare(data.Write("a.txt", "one<|endoftext|>two"));
        shards.Dispose();
        Assert.Throws<ObjectDisposedException>(() => shards.Train.ReadStream(0, new int[1]));
    }

    [Fact]
    public void Read_OutsideADocumentOrTheStream_Throws()
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(["one", "two"]);
        Assert.Throws<ArgumentOutOfRangeException>(() => split.ReadDocument(0, 1, new int[4]));
        Assert.Throws<ArgumentOutOfRangeException>(() => split.ReadDocument(2, 0, new int[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => split.ReadStream(-1, new int[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => split.ReadStream(5, new int[4]));
    }

    /// <summary>Prepares "one" and "two", one on either side, and gives the path of their only shard.</summary>
    private static string ShardOf(DataFixture data)
    {
        using TokenShards shards = TokenShards.Prepare(Corpus.Open([data.Write("a.txt", "one<|endoftext|>two")]), new ByteTokenizer(), data.Path("shards"));
        return data.Path(string.Create(CultureInfo.InvariantCulture, $"shards/{shards.Manifest.DataFolder}/{Assert.Single(shards.Manifest.Shards).Name}"));
    }
}
