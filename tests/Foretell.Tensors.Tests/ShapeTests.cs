namespace Foretell.Tensors.Tests;

public class ShapeTests
{
    [Fact]
    public void Counts_OfSeveralRanks_AreProducts()
    {
        Shape none = [];
        Shape one = [7];
        Shape four = [2, 3, 4, 5];
        Assert.Equal((0, 1L, 1, 1), (none.Rank, none.ElementCount, none.Last, none.RowCount));
        Assert.Equal((1, 7L, 7, 1), (one.Rank, one.ElementCount, one.Last, one.RowCount));
        Assert.Equal((4, 120L, 5, 24), (four.Rank, four.ElementCount, four.Last, four.RowCount));
        Shape empty = [0, 3];
        Assert.Equal((2, 0L, 3, 0), (empty.Rank, empty.ElementCount, empty.Last, empty.RowCount));
        Assert.Equal(3_000_000_000L, Of(3000, 1000, 1000).ElementCount);
    }

    [Fact]
    public void Index_InsideAndFromTheEnd_IsTheLength()
    {
        Shape shape = [2, 3];
        Assert.Equal((2, 3, 3, 2), (shape[0], shape[1], shape[^1], shape[^2]));
    }

    [Fact]
    public void Index_OutsideTheRank_ThrowsWithTheShape()
    {
        Shape shape = [2, 3];
        Assert.Contains("[2, 3]", Assert.Throws<ArgumentOutOfRangeException>(() => shape[2]).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => shape[^3]);
        Assert.Throws<ArgumentOutOfRangeException>(() => Of()[^1]);
    }

    [Fact]
    public void Equality_GoesByLengths()
    {
        Assert.Equal(Of(2, 3), Of(2, 3));
        Assert.Equal(Of(2, 3).GetHashCode(), Of(2, 3).GetHashCode());
        Assert.True(Of(2, 3) != Of(3, 2));
        Assert.True(Of(2) != Of(2, 1));
        Assert.True(Of() != Of(1));
        Assert.True(Of(2, 0) != Of(2));
    }

    [Fact]
    public void WithLast_ReplacesTheLastLength()
    {
        Assert.Equal(Of(2, 9), Of(2, 3).WithLast(9));
        Assert.Equal(Of(9), Of().WithLast(9));
    }

    [Fact]
    public void Create_FiveAxesOrANegativeLength_Throws()
    {
        Assert.Throws<ArgumentException>(() => Shape.Create([1, 2, 3, 4, 5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Shape.Create([2, -1]));
    }

    [Fact]
    public void Text_ListsTheLengths()
    {
        Assert.Equal("[2, 3]", Of(2, 3).ToString());
        Assert.Equal("[]", Of().ToString());
    }

    private static Shape Of(params int[] lengths) => Shape.Create(lengths);
}
