using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Tests.Matrix;

public class WorkSplitTests
{
    [Theory]
    [InlineData(1, 100)]
    [InlineData(33, 1)]
    [InlineData(64, 65)]
    [InlineData(1000, 31)]
    public void Part_OfEveryWorker_CoversEachElementOnce(int rows, int columns)
    {
        for (int workers = 1; workers <= 7; workers++)
        {
            var split = WorkSplit.Of(rows, 32, columns, 32, workers);
            var owners = new int[rows, columns];
            for (int worker = 0; worker < workers; worker++)
            {
                (int row, int endRow, int column, int endColumn) = split.Part(worker);
                Assert.True(row >= endRow || row % 32 == 0);
                Assert.True(column >= endColumn || column % 32 == 0);
                for (int r = row; r < endRow; r++)
                {
                    for (int c = column; c < endColumn; c++)
                    {
                        owners[r, c]++;
                    }
                }
            }
            Assert.All(owners.Cast<int>(), count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void Of_OneRow_SharesTheColumns()
    {
        var split = WorkSplit.Of(1, 32, 4096, 32, 4);
        Assert.Equal((0, 1, 1024, 2048), split.Part(1));
    }

    [Fact]
    public void Of_ManyRows_SharesTheRows()
    {
        var split = WorkSplit.Of(4096, 32, 768, 32, 2);
        Assert.Equal((2048, 4096, 0, 768), split.Part(1));
    }
}
