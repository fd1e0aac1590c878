namespace Foretell.Data.Tests;

public class WindowSamplerTests
{
    [Fact]
    public void RandomWindows_AnyStep_AreStretchesOfTheStream()
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(DataFixture.RandomDocuments(20, 30, 3));
        string stream = string.Concat(DataFixture.Texts(split));
        TokenSequenceSampler sampler = Sampler(split, SamplingMode.RandomWindows, 16, 3);
        for (long step = 0; step < 100; step++)
        {
            Batch batch = sampler.At(step);
            Assert.Equal([new Segment(0, 16), new Segment(16, 16), new Segment(32, 16)], batch.Segments);
            Assert.All(batch.Weights, weight => Assert.Equal(1f, weight));
            foreach (Segment segment in batch.Segments)
            {
                string inputs = DataFixture.Text(split, batch.Tokens[segment.Start..(segment.Start + 16)]);
                string targets = DataFixture.Text(split, batch.Targets[segment.Start..(segment.Start + 16)]);
                Assert.Contains(inputs + targets[^1], stream, StringComparison.Ordinal);
                Assert.Equal(inputs[1..], targets[..^1]);
            }
        }
    }

    [Fact]
    public void RandomWindows_Many_BeginAtEveryPlaceEquallyOften()
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(["abcdefghijklmnop"], new ByteTokenizer(hasEndOfText: false));
        int[] counts = [.. Sampler(split, SamplingMode.RandomWindows, 8, 8000).At(0).Tokens.Chunk(8).GroupBy(row => row[0]).OrderBy(group => group.Key).Select(group => group.Count())];
        Assert.Equal(8, counts.Length);
        Assert.All(counts, count => Assert.InRange(count, 850, 1150));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(3)]
    [InlineData(20)]
    public void StridedWindows_AnEpoch_HoldsEachWindowOnce(int? stride)
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(DataFixture.RandomDocuments(30, 30, 3));
        string stream = string.Concat(DataFixture.Texts(split));
        TokenSequenceSampler sampler = Sampler(split, SamplingMode.StridedWindows, 8, 1, stride);
        int windows = (int)sampler.RowsPerEpoch, step = stride ?? 8;
        string[] expected = [.. Enumerable.Range(0, stream.Length).Where(start => start % step == 0 && start + 9 <= stream.Length).Select(start => stream[start..(start + 8)])];
        string[][] epochs = [.. Enumerable.Range(0, 2 * windows).Select(row => DataFixture.Text(split, sampler.At(row).Tokens)).Chunk(windows)];
        Assert.Equal(expected.Length, windows);
        Assert.All(epochs, epoch => Assert.Equal(expected.Order(StringComparer.Ordinal), epoch.Order(StringComparer.Ordinal)));
        Assert.NotEqual(epochs[0], epochs[1]);
    }

    [Theory]
    [InlineData(SamplingMode.RandomWindows)]
    [InlineData(SamplingMode.StridedWindows)]
    public void At_SameSeedAndStep_IsTheSameAndOthersDiffer(SamplingMode mode)
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(DataFixture.RandomDocuments(30, 30, 3));
        Assert.Equal(Sampler(split, mode, 8, 4).At(11).Tokens, Sampler(split, mode, 8, 4).At(11).Tokens);
        Assert.NotEqual(Sampler(split, mode, 8, 4).At(11).Tokens, Sampler(split, mode, 8, 4).At(12).Tokens);
        Assert.NotEqual(Sampler(split, mode, 8, 4, seed: 1).At(11).Tokens, Sampler(split, mode, 8, 4).At(11).Tokens);
    }

    [Theory]
    [InlineData(SamplingMode.RandomWindows)]
    [InlineData(SamplingMode.StridedWindows)]
    public void At_SplitOfExactlyOneWindow_GivesIt(SamplingMode mode)
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(["abcd"]);
        Assert.Equal("abcdabcd", DataFixture.Text(split, Sampler(split, mode, 4, 2).At(3).Tokens));
        Assert.Throws<CorpusException>(() => Sampler(split, mode, 5, 2));
    }

    private static TokenSequenceSampler Sampler(TokenSplit split, SamplingMode mode, int contextLength, int rows, int? stride = null, ulong seed = 0) =>
        TokenSequenceSampler.Create(split, new SamplerOptions { Mode = mode, ContextLength = contextLength, Rows = rows, Stride = stride, Seed = seed });
}
