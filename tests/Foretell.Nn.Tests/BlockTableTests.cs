namespace Foretell.Nn.Tests;

public class BlockTableTests
{
    [Fact]
    public void Add_ThenAdvance_HoldsThirtyTwoTokensABlock()
    {
        var table = new BlockTable();
        Assert.Equal(0, table.Capacity);
        table.Add(7);
        table.Add(3);
        Assert.Equal([7, 3], table.Blocks.ToArray());
        Assert.Equal(2 * KeyValuePool.BlockTokens, table.Capacity);
        table.Advance(50);
        Assert.Equal(50, table.Length);
        Assert.Contains("50 are in them and 15 more", Assert.Throws<InvalidOperationException>(() => table.Advance(15)).Message, StringComparison.Ordinal);
        Assert.Contains("50 are in them and 15 more", Assert.Throws<InvalidOperationException>(() => table.Segment(0, 15)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RemoveLast_WhileTokensAreInIt_IsRefused()
    {
        var table = new BlockTable([4, 9], 33);
        Assert.Throws<InvalidOperationException>(() => table.RemoveLast());
        table.Truncate(32);
        Assert.Equal(9, table.RemoveLast());
        Assert.Equal([4], table.Blocks.ToArray());
        Assert.Throws<InvalidOperationException>(() => table.RemoveLast());
        table.Truncate(0);
        Assert.Equal(4, table.RemoveLast());
        Assert.Throws<InvalidOperationException>(() => table.RemoveLast());
    }

    [Fact]
    public void Constructor_MoreTokensThanTheBlocksHold_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BlockTable([1], KeyValuePool.BlockTokens + 1));

    [Fact]
    public void TailIsStale_AfterTruncationUntilTheNextTokens_IsTrue()
    {
        var table = new BlockTable();
        table.Add(0);
        table.Advance(9);
        Assert.False(table.Segment(0, 1).TailIsStale);
        table.Truncate(9);
        Assert.False(table.Segment(0, 1).TailIsStale);
        table.Truncate(5);
        table.Advance(0);
        Assert.True(table.Segment(0, 1).TailIsStale);
        table.Advance(1);
        Assert.False(table.Segment(0, 1).TailIsStale);
        table.Replace(0, 6);
        Assert.True(table.Segment(0, 1).TailIsStale);
    }
}
