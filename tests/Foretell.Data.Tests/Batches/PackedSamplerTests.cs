namespace Foretell.Data.Tests;

public class PackedSamplerTests
{
    [Theory]
    [InlineData(1, 7, 3, false)]
    [InlineData(5, 4, 2, false)]
    [InlineData(300, 16, 4, false)]
    [InlineData(700, 33, 5, true)]
    public void Epochs_OfAnyCorpus_HoldEachTokenOnceAndInADifferentOrder(int documents, int contextLength, int rows, bool startWithEndOfText)
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(DataFixture.RandomDocuments(documents, 40, (ulong)documents).Append("a last one, so that a row is full"));
        TokenSequenceSampler sampler = Sampler(split, contextLength, rows, startWithEndOfText);
        int epochTokens = (int)split.TokenCount;
        int[][] epochs = [.. Inputs(sampler, 3 * epochTokens).Chunk(epochTokens)];
        int[] all = new int[epochTokens];
        split.ReadStream(0, all);
        string[] texts = [.. DataFixture.Texts(split).Select(text => text.Trim('|')).Order(StringComparer.Ordinal)];
        Assert.All(epochs, epoch => Assert.Equal(all.Order(), epoch.Order()));
        // The end of text parts the documents again: each occurs once in each epoch.
        Assert.All(epochs, epoch => Assert.Equal(texts, DataFixture.Text(split, epoch).Trim('|').Split('|').Order(StringComparer.Ordinal)));
        if (documents > 1)
        {
            Assert.NotEqual(epochs[0], epochs[1]);
            Assert.NotEqual(epochs[1], epochs[2]);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void At_AnyStep_KeepsThePromisesOfABatch(bool startWithEndOfText)
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(DataFixture.RandomDocuments(200, 60, 9));
        TokenSequenceSampler sampler = Sampler(split, 24, 6, startWithEndOfText);
        for (long step = 0; step < 200; step++)
        {
            BatchPromises.Check(sampler.At(step), split, startWithEndOfText);
        }
    }

    [Fact]
    public void Targets_OfAnEpoch_AreEachTokenButADocumentsFirst()
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(DataFixture.RandomDocuments(64, 40, 2));
        int[] trained = Trained(Sampler(split, 1, (int)split.TokenCount, startWithEndOfText: false), (int)split.TokenCount);
        Assert.Equal(DataFixture.Texts(split).SelectMany(text => text[1..]).Order(), DataFixture.Text(split, trained).Order());
    }

    [Fact]
    public void Targets_OfAnEpochThatStartsWithEndOfText_AreEachToken()
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(DataFixture.RandomDocuments(64, 40, 2));
        int[] trained = Trained(Sampler(split, 1, 1, startWithEndOfText: true), (int)split.TokenCount);
        Assert.Equal(string.Concat(DataFixture.Texts(split)).Order(), DataFixture.Text(split, trained).Order());
    }

    [Fact]
    public void At_OneDocument_IsWhatItShouldBe()
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(["abcd"]);
        Batch batch = Sampler(split, 4, 2, startWithEndOfText: false).At(0);
        Assert.Equal("abcd|abc", DataFixture.Text(split, batch.Tokens));
        Assert.Equal("bcd||bcd", DataFixture.Text(split, batch.Targets));
        Assert.Equal([1f, 1, 1, 1, 0, 1, 1, 1], batch.Weights);
        Assert.Equal([0, 1, 2, 3, 0, 0, 1, 2], batch.Positions);
        Assert.Equal([new Segment(0, 4), new Segment(4, 1), new Segment(5, 3)], batch.Segments);
    }

    [Fact]
    public void At_OneDocumentThatStartsWithEndOfText_IsWhatItShouldBe()
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(["abcd"]);
        Batch batch = Sampler(split, 4, 2, startWithEndOfText: true).At(0);
        Assert.Equal("|abcd|ab", DataFixture.Text(split, batch.Tokens));
        Assert.Equal("abcd|abc", DataFixture.Text(split, batch.Targets));
        Assert.All(batch.Weights, weight => Assert.Equal(1f, weight));
    }

    [Fact]
    public void At_StepsInAnyOrderOrSampler_GivesTheSameBatch()
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(DataFixture.RandomDocuments(600, 30, 12));
        TokenSequenceSampler first = Sampler(split, 32, 4, startWithEndOfText: false), second = Sampler(split, 32, 4, startWithEndOfText: false);
        int[][] forwards = [.. Enumerable.Range(0, 150).Select(step => first.At(step).Tokens)];
        int[][] backwards = new int[150][];
        Parallel.For(0, 150, index => backwards[149 - index] = second.At(149 - index).Tokens);
        Assert.Equal(forwards, backwards);
    }

    [Fact]
    public void At_AnotherSeed_GivesAnotherOrder()
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(DataFixture.RandomDocuments(100, 30, 12));
        var options = new SamplerOptions { ContextLength = 32, Rows = 4 };
        Assert.NotEqual(TokenSequenceSampler.Create(split, options).At(0).Tokens, TokenSequenceSampler.Create(split, options with { Seed = 1 }).At(0).Tokens);
    }

    [Fact]
    public void At_WithoutAnyTarget_NamesTheRows()
    {
        using var data = new DataFixture();
        TokenSequenceSampler sampler = Sampler(data.Split(["abc"]), 1, 1, startWithEndOfText: false);
        Assert.Equal("Rows 7 to 7 of the train split hold no target to train on, only ends of documents; use a longer context or more rows a batch.", Assert.Throws<CorpusException>(() => sampler.At(7)).Message);
    }

    [Fact]
    public void Create_CorpusShorterThanOneContext_GivesTheNumbers()
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(["abc", "de"]);
        Assert.Equal("The train split has 7 tokens, and one context of 7 needs 8; give more text or a context of at most 6.", Assert.Throws<CorpusException>(() => Sampler(split, 7, 1, startWithEndOfText: false)).Message);
        Assert.Equal(6, Sampler(split, 6, 1, startWithEndOfText: false).At(0).Tokens.Length);
    }

    [Fact]
    public void Create_OptionOutOfRange_SaysWhich()
    {
        using var data = new DataFixture();
        TokenSplit split = data.Split(["abc", "de"], new ByteTokenizer(hasEndOfText: false));
        Assert.Equal("Rows is 0; it must be at least 1.", Assert.Throws<ArgumentException>(() => Sampler(split, 1, 0, startWithEndOfText: false)).Message);
        Assert.Equal("ContextLength is -1; it must be at least 1.", Assert.Throws<ArgumentException>(() => Sampler(split, -1, 1, startWithEndOfText: false)).Message);
        Assert.Equal("StartWithEndOfText needs a tokenizer with an end-of-text token, and this one has none.", Assert.Throws<ArgumentException>(() => Sampler(split, 1, 1, startWithEndOfText: true)).Message);
        Assert.StartsWith("A batch of 100000 rows x 100000 tokens is larger", Assert.Throws<ArgumentException>(() => Sampler(split, 100_000, 100_000, startWithEndOfText: false)).Message, StringComparison.Ordinal);
    }

    private static TokenSequenceSampler Sampler(TokenSplit split, int contextLength, int rows, bool startWithEndOfText) =>
        TokenSequenceSampler.Create(split, new SamplerOptions { ContextLength = contextLength, Rows = rows, Seed = 5, StartWithEndOfText = startWithEndOfText });

    private static IEnumerable<int> Inputs(TokenSequenceSampler sampler, int count) =>
        Steps(sampler, count).SelectMany(batch => batch.Tokens).Take(count);

    private static int[] Trained(TokenSequenceSampler sampler, int count) =>
        [.. Steps(sampler, count).SelectMany(batch => batch.Targets.Zip(batch.Weights)).Take(count).Where(target => target.Second > 0).Select(target => target.First)];

    private static IEnumerable<Batch> Steps(TokenSequenceSampler sampler, int tokens) =>
        Enumerable.Range(0, (tokens / (sampler.Options.Rows * sampler.Options.ContextLength)) + 1).Select(step => sampler.At(step));
}
