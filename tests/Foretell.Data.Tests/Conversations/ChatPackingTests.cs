namespace Foretell.Data.Tests;

public sealed class ChatPackingTests
{
    [Fact]
    public void Pack_FirstFit_FillsGapsAndKeepsEveryExampleWhole()
    {
        int[] lengths = [6, 7, 3, 4, 2, 10];
        Assert.Equal([[0, 2], [1, 4], [3], [5]], ChatPacking.Pack(lengths, Enumerable.Range(0, 6), 10, PackingOrder.FirstFit).Select(row => row.ToArray()));
        Assert.Equal([[0], [1, 2], [3, 4], [5]], ChatPacking.Pack(lengths, Enumerable.Range(0, 6), 10, PackingOrder.InOrder).Select(row => row.ToArray()));
        Assert.Throws<ArgumentException>(() => ChatPacking.Pack([11], [0], 10, PackingOrder.FirstFit));
    }

    [Fact]
    public void Build_TwoExamplesInARow_SeeOnlyThemselves()
    {
        Batch batch = ChatPacking.Build([[new([1, 2, 3], [0, 0, 1], "a"), new([4, 5], [0, 0.5f], "b")], [new([6, 7], [0, 1], "c")]], contextLength: 4, meaningless: 9);
        Assert.Equal([1, 2, 4, 9, 6, 9, 9, 9], batch.Tokens);
        Assert.Equal([2, 3, 5, 9, 7, 9, 9, 9], batch.Targets);
        Assert.Equal([0, 1, 0.5f, 0, 1, 0, 0, 0], batch.Weights);
        Assert.Equal([0, 1, 0, 0, 0, 0, 1, 2], batch.Positions);
        Assert.Equal([new(0, 2), new(2, 1), new(3, 1), new(4, 1), new(5, 3)], batch.Segments);
    }

    [Fact]
    public void Build_WithoutTargets_NamesTheRows()
    {
        CorpusException error = Assert.Throws<CorpusException>(() => ChatPacking.Build([[new([1, 2], [0, 0], "x.json, row 1")], [new([1, 2], [0, 0], "x.json, row 9")]], 4));
        Assert.Equal("A batch holds no token to learn: nothing that the assistant says counts in x.json, row 1; x.json, row 9.", error.Message);
    }

    [Fact]
    public void At_AnyStep_EachEpochHoldsEachExampleOnceInAnOrderOfItsOwn()
    {
        ChatExample[] examples = [.. Enumerable.Range(0, 50).Select(i => new ChatExample([.. Enumerable.Repeat(100 + i, 2 + i % 7)], [0, .. Enumerable.Repeat(1f, 1 + i % 7)], $"{i}"))];
        var batches = new ChatBatches(examples, new ChatBatchOptions { ContextLength = 8, Rows = 3, Seed = 4 });
        var firsts = new List<int>();
        for (int epoch = 0; epoch < 3; epoch++)
        {
            int[] seen = [.. Enumerable.Range((int)batches.Steps(epoch), (int)(batches.Steps(epoch + 1) - batches.Steps(epoch)))
                .Select(step => batches.At(step))
                .SelectMany(batch => batch.Segments.Where(segment => batch.Weights[segment.Start] > 0).Select(segment => batch.Tokens[segment.Start]))];
            Assert.Equal(Enumerable.Range(100, 50), seen.Order());
            firsts.Add(seen[0] * 1000 + seen[1]);
        }
        Assert.Equal(3, firsts.Distinct().Count());
        // A resumed run asks for later steps first.
        Assert.Equal(batches.At(7).Tokens, new ChatBatches(examples, new ChatBatchOptions { ContextLength = 8, Rows = 3, Seed = 4 }).At(7).Tokens);
        Assert.Equal(batches.Steps(1) + (long)Math.Ceiling(0.5 * (batches.Steps(2) - batches.Steps(1))), batches.Steps(1.5));
    }
}
