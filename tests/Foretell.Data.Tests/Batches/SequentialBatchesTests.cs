namespace Foretell.Data.Tests;

public class SequentialBatchesTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Packed_WholeSplit_GoesThroughItOnceInOrder(bool startWithEndOfText)
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(DataFixture.RandomDocuments(40, 30, 6));
        SamplerOptions options = Options(SamplingMode.Packed) with { StartWithEndOfText = startWithEndOfText };
        Batch[] batches = [.. SequentialBatches.Of(split, options)];
        string expected = string.Concat(DataFixture.Texts(split).Select(text => startWithEndOfText ? "|" + text[..^1] : text));
        Assert.Equal(expected, DataFixture.Text(split, batches.SelectMany(batch => batch.Tokens).Take((int)split.TokenCount)));
        Assert.Equal(startWithEndOfText ? split.TokenCount : split.TokenCount - split.DocumentCount, batches.Sum(batch => batch.TargetCount));
        Assert.All(batches[..^1], batch => BatchPromises.Check(batch, split, startWithEndOfText));
    }

    [Fact]
    public void Windows_WholeSplit_TargetsEachTokenButTheFirst()
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(DataFixture.RandomDocuments(40, 30, 6));
        string stream = string.Concat(DataFixture.Texts(split));
        Batch[] batches = [.. SequentialBatches.Of(split, Options(SamplingMode.RandomWindows))];
        Assert.Equal(stream[1..], DataFixture.Text(split, batches.SelectMany(batch => batch.Targets.Zip(batch.Weights)).Where(target => target.Second > 0).Select(target => target.First)));
    }

    [Theory]
    [InlineData(SamplingMode.Packed, 9, 9)]
    [InlineData(SamplingMode.RandomWindows, 9, 9)]
    [InlineData(SamplingMode.RandomWindows, 1000, 11)]
    public void Of_FirstTokens_StopsThereAndPads(SamplingMode mode, int maximumTokens, int used)
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(["abcdefghij"]);
        Batch batch = Assert.Single(SequentialBatches.Of(split, Options(mode) with { ContextLength = 8 }, maximumTokens));
        int inputs = mode == SamplingMode.Packed ? used : used - 1;
        Assert.Equal("abcdefghij|"[..inputs], DataFixture.Text(split, batch.Tokens[..inputs]));
        Assert.Equal(inputs, batch.TargetCount);
        Assert.All(batch.Weights[inputs..], weight => Assert.Equal(0f, weight));
        Assert.Equal(batch.Tokens.Length, batch.Segments.Sum(segment => segment.Length));
        Assert.Equal((batch.Tokens.Length, 8), (batch.Rows * 8, batch.ContextLength));
    }

    [Fact]
    public void Of_SplitShorterThanOneContext_IsOnePaddedRow()
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(["ab"]);
        Batch batch = Assert.Single(SequentialBatches.Of(split, Options(SamplingMode.Packed)));
        Assert.Equal((1, 2), (batch.Rows, batch.TargetCount));
        Assert.Equal([new Segment(0, 3), new Segment(3, 4)], batch.Segments);
    }

    [Fact]
    public void Of_LastRowWithOnlyAnEndOfText_LeavesItOut()
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(["abcdefghijklmnopqrstu"]);
        Assert.Equal(21, Assert.Single(SequentialBatches.Of(split, Options(SamplingMode.Packed))).TargetCount);
    }

    [Fact]
    public void Of_EmptySplitOrTooFewTokens_SaysSo()
    {
        using var data = new DataFixture();
        TokenShards shards = data.Prepare(data.Write("a.txt", "ab"), options: new ShardOptions { ValidationShare = 0 });
        Assert.Equal("The validation split has 0 tokens, and at least 2 are needed; give more text or a larger share of it.", Assert.Throws<CorpusException>(() => SequentialBatches.Of(shards.Validation, Options(SamplingMode.Packed))).Message);
        Assert.Equal("1 tokens of the train split were asked for; at least 2 make a target.", Assert.Throws<ArgumentException>(() => SequentialBatches.Of(shards.Train, Options(SamplingMode.Packed), 1)).Message);
    }

    private static SamplerOptions Options(SamplingMode mode) => new() { Mode = mode, ContextLength = 7, Rows = 3 };
}
