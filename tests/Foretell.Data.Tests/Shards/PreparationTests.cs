using System.Security.Cryptography;

namespace Foretell.Data.Tests;

public class PreparationTests
{
    [Fact]
    public void Prepare_Documents_KeepsThemInOrderWithTheEndOfTextBehindEach()
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(["one", "two", "three"], shardTokens: 5);
        Assert.Equal(["one|", "two|", "three|"], DataFixture.Texts(split));
        Assert.Equal((3L, 14L, 11L), (split.DocumentCount, split.TokenCount, split.TextBytes));
        int[] stream = new int[14];
        split.ReadStream(0, stream);
        Assert.Equal("one|two|three|", DataFixture.Text(split, stream));
    }

    [Fact]
    public void Prepare_TokenizerWithoutEndOfText_AppendsNone()
    {
        using var data = new DataFixture();
        Assert.Equal(["one", "two"], DataFixture.Texts(data.Split(["one", "two"], new ByteTokenizer(hasEndOfText: false))));
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(65_536 - 257, 2)]
    [InlineData(65_536 - 256, 4)]
    [InlineData(1_000_000, 4)]
    public void Prepare_AnyVocabulary_TakesTheSmallestFittingWidth(int firstId, int bytesPerToken)
    {
        using var data = new DataFixture();
        TokenShards shards = data.Prepare(data.Write("a.txt", "hello<|endoftext|>there"), options: new ShardOptions { ValidationShare = 0, ShardTokens = 4 }, tokenizer: new ByteTokenizer(firstId));
        Assert.Equal(bytesPerToken, shards.Manifest.BytesPerToken);
        Assert.Equal([4L * bytesPerToken, 4L * bytesPerToken, 4L * bytesPerToken], shards.Manifest.Shards.Select(shard => shard.Bytes));
        Assert.Equal(["hello|", "there|"], DataFixture.Texts(shards.Train));
        shards.Verify();
    }

    [Fact]
    public void Prepare_WithAnyNumberOfThreads_GivesTheSameBytes()
    {
        using var data = new DataFixture();
        string path = data.Write("a.txt", string.Join("<|endoftext|>", DataFixture.RandomDocuments(3000, 900, 3)));
        string[] hashes = [.. new[] { 1, 2, 7 }.Select(threads =>
        {
            data.Prepare(path, $"shards-{threads}", new ShardOptions { Threads = threads, ShardTokens = 400_000 });
            return HashOfAll(data.Path($"shards-{threads}"));
        })];
        Assert.Single(hashes.Distinct());
    }

    [Fact]
    public void Prepare_LongDocumentInPieces_GivesTheTokensOfTheWhole()
    {
        using var data = new DataFixture();
        string text = string.Join('\n', DataFixture.RandomDocuments(400, 60, 4));
        TokenShards shards = data.Prepare(data.Write("a.txt", text), options: new ShardOptions { ValidationShare = 0 }, reading: new CorpusOptions { PieceBytes = 256 });
        Assert.Equal([text + "|"], DataFixture.Texts(shards.Train));
    }

    [Fact]
    public void Prepare_Again_ReusesTheShardsUntilSomethingDiffers()
    {
        using var data = new DataFixture();
        string path = data.Write("a.txt", string.Join("<|endoftext|>", DataFixture.RandomDocuments(50, 90, 5)));
        string folder = data.Path("shards");
        data.Prepare(path);
        DateTime written = File.GetLastWriteTimeUtc(System.IO.Path.Combine(folder, "manifest.json"));
        var stages = new RecordedProgress();
        using (TokenShards.Prepare(Corpus.Open([path]), new ByteTokenizer(), folder, progress: stages))
        {
            Assert.Equal(written, File.GetLastWriteTimeUtc(System.IO.Path.Combine(folder, "manifest.json")));
            Assert.All(stages.Reports, report => Assert.Equal(PreparationStage.Hashing, report.Stage));
        }

        string identity = data.Prepare(path).Manifest.Identity;
        Assert.NotEqual(identity, data.Prepare(path, tokenizer: new ByteTokenizer(1)).Manifest.Identity);
        Assert.NotEqual(identity, data.Prepare(path, options: new ShardOptions { SplitSeed = 1 }).Manifest.Identity);
        Assert.NotEqual(identity, data.Prepare(path, reading: new CorpusOptions { EndOfTextMarker = "" }).Manifest.Identity);
        data.Write("a.txt", "other<|endoftext|>text");
        Assert.NotEqual(identity, data.Prepare(path).Manifest.Identity);
        Assert.Single(Directory.EnumerateDirectories(folder));
    }

    [Fact]
    public void Prepare_Progress_EndsWithAllBytesAndTokens()
    {
        using var data = new DataFixture();
        string path = data.Write("a.txt", string.Join("<|endoftext|>", DataFixture.RandomDocuments(2000, 900, 6)));
        var stages = new RecordedProgress();
        using var shards = TokenShards.Prepare(Corpus.Open([path]), new ByteTokenizer(), data.Path("shards"), progress: stages);
        Assert.Equal(new FileInfo(path).Length, stages.Reports[^1].TotalBytes);
        Assert.Equal(stages.Reports[^1].TotalBytes, stages.Reports[^1].Bytes);
        Assert.Equal([PreparationStage.Hashing, PreparationStage.Measuring, PreparationStage.Tokenizing], stages.Reports.Select(report => report.Stage).Distinct());
        Assert.True(stages.Reports[^1].Tokens > 0);
    }

    [Fact]
    public void Prepare_Cancelled_LeavesNothingThatLooksFinished()
    {
        using var data = new DataFixture();
        string path = data.Write("a.txt", string.Join("<|endoftext|>", DataFixture.RandomDocuments(5000, 900, 6)));
        using var cancellation = new CancellationTokenSource();
        var cancelling = new RecordedProgress(report => { if (report.Tokens > 0) { cancellation.Cancel(); } });
        Assert.Throws<OperationCanceledException>(() => TokenShards.Prepare(Corpus.Open([path]), new ByteTokenizer(), data.Path("shards"), new ShardOptions { Threads = 1 }, cancelling, cancellation: cancellation.Token));
        Assert.Empty(Directory.EnumerateDirectories(data.Path("shards")));
        Assert.Contains("holds no finished token shards", Assert.Throws<TokenShardException>(() => TokenShards.Open(data.Path("shards"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Prepare_BadInput_LeavesTheFormerShardsAsTheyWere()
    {
        using var data = new DataFixture();
        string path = data.Write("a.txt", "one<|endoftext|>two");
        data.Prepare(path);
        string before = HashOfAll(data.Path("shards"));
        data.Write("a.txt", [.. "one<|endoftext|>"u8, 0xFF]);
        Assert.Throws<CorpusException>(() => data.Prepare(path));
        Assert.Equal(before, HashOfAll(data.Path("shards")));
        TokenShards.Open(data.Path("shards")).Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Prepare_AfterAKill_StartsAnew(bool wasRenamed)
    {
        using var data = new DataFixture();
        string path = data.Write("a.txt", "one<|endoftext|>two");
        TokenShards whole = data.Prepare(path, "whole");
        // What a kill leaves: a data folder, partial or already renamed, and no manifest that names it.
        string left = data.Path($"shards/{(wasRenamed ? whole.Manifest.DataFolder : ".partial-" + whole.Manifest.Identity[..16])}");
        Directory.CreateDirectory(left);
        File.WriteAllText(System.IO.Path.Combine(left, "tokens-00000.bin"), "half");
        File.WriteAllText(data.Path("shards/manifest.json.partial"), "{");
        Assert.Throws<TokenShardException>(() => TokenShards.Open(data.Path("shards")));
        data.Prepare(path).Verify();
        Assert.Equal(HashOfAll(data.Path("whole")), HashOfAll(data.Path("shards")));
    }

    [Fact]
    public async Task Prepare_SeveralAtOnce_DoTheWorkOnceAndAgree()
    {
        using var data = new DataFixture();
        string path = data.Write("a.txt", string.Join("<|endoftext|>", DataFixture.RandomDocuments(2000, 300, 8)));
        int worked = 0;
        string[] identities = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            var progress = new RecordedProgress();
            using var shards = TokenShards.Prepare(Corpus.Open([path]), new ByteTokenizer(), data.Path("shards"), progress: progress);
            shards.Verify();
            Interlocked.Add(ref worked, progress.Reports.Any(report => report.Stage == PreparationStage.Tokenizing) ? 1 : 0);
            return shards.Manifest.Identity;
        })));
        Assert.Single(identities.Distinct());
        Assert.Equal(1, worked);
    }

    [Fact]
    public void Prepare_FileChangedMeanwhile_IsRefused()
    {
        using var data = new DataFixture();
        string path = data.Write("a.txt", "one<|endoftext|>two");
        var changing = new RecordedProgress(report => { if (report.Stage == PreparationStage.Tokenizing) { File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch); } });
        string message = Assert.Throws<CorpusException>(() => TokenShards.Prepare(Corpus.Open([path]), new ByteTokenizer(), data.Path("shards"), progress: changing)).Message;
        Assert.Equal("A file of the corpus was changed while it was being prepared; prepare it again.", message);
        Assert.Empty(Directory.EnumerateDirectories(data.Path("shards")));
    }

    [Fact]
    public void Prepare_IdOutsideTheVocabulary_IsRefused()
    {
        using var data = new DataFixture();
        string path = data.Write("a.txt", "one<|endoftext|>two");
        string message = Assert.Throws<TokenShardException>(() => data.Prepare(path, tokenizer: new ByteTokenizer(-111))).Message;
        // 'o', byte 111, becomes 0, and 'n' becomes -1.
        Assert.Equal("The tokenizer gave the id -1, and its vocabulary has 146 ids; its files do not fit together.", message);
    }

    [Fact]
    public void Prepare_IntoAFile_SaysSo()
    {
        using var data = new DataFixture();
        string path = data.Write("a.txt", "x");
        Assert.Equal($"{path} is a file; name a folder for the token shards.", Assert.Throws<TokenShardException>(() => TokenShards.Prepare(Corpus.Open([path]), new ByteTokenizer(), path)).Message);
    }

    [Theory]
    [InlineData(1.0, 1L, 1, "The validation share is 1; it must be at least 0 and under 1, such as 0.1.")]
    [InlineData(double.NaN, 1L, 1, "The validation share is NaN; it must be at least 0 and under 1, such as 0.1.")]
    [InlineData(0.1, 0L, 1, "ShardTokens is 0; a shard holds at least 1 token.")]
    [InlineData(0.1, 1L, 0, "Threads is 0; at least 1 is needed.")]
    public void Prepare_OptionOutOfRange_SaysWhich(double share, long shardTokens, int threads, string expected)
    {
        using var data = new DataFixture();
        string path = data.Write("a.txt", "x");
        Assert.Equal(expected, Assert.Throws<ArgumentException>(() => data.Prepare(path, options: new ShardOptions { ValidationShare = share, ShardTokens = shardTokens, Threads = threads })).Message);
    }

    private static string HashOfAll(string folder) => string.Join('\n', Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
        .Select(file => $"{System.IO.Path.GetRelativePath(folder, file)} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}"));

    private sealed class RecordedProgress(Action<PreparationProgress>? heard = null) : IProgress<PreparationProgress>
    {
        public List<PreparationProgress> Reports { get; } = [];

        public void Report(PreparationProgress value)
        {
            Reports.Add(value);
            heard?.Invoke(value);
        }
    }
}
