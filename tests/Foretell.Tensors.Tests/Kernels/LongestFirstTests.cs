using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Cpu.Attention;

namespace Foretell.Tensors.Tests.Kernels;

public class LongestFirstTests
{
    [Theory]
    [InlineData(1, 5)]
    [InlineData(3, 0)]
    [InlineData(3, 1)]
    [InlineData(3, 100)]
    public void Run_AnyWorkers_TakesEachItemOnce(int workers, int items)
    {
        using var pool = new WorkerPool(workers);
        int[] taken = new int[items];
        LongestFirst.Run(pool, [.. Enumerable.Range(0, items).Select(item => (long)(item * 7 % 13))], item => Interlocked.Increment(ref taken[item]));
        Assert.All(taken, count => Assert.Equal(1, count));
    }

    [Theory]
    [InlineData(1, 21)]
    [InlineData(2, 11)]
    [InlineData(3, 9)]
    [InlineData(9, 9)]
    public void Span_CostlyItemAmongSmall_IsTheLastWorkersFinish(int workers, long expected) =>
        Assert.Equal(expected, LongestFirst.Span([2, 1, 9, 3, 2, 4], workers));
}
