using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Tensors.Tests.Kernels;

public class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void For_ManyJobs_CoversEveryIndexOnce(int workers)
    {
        using var pool = new WorkerPool(workers);
        for (int count = 0; count < 200; count++)
        {
            int[] touched = new int[count];
            pool.For(count, 1 + count % 7, (start, end) =>
            {
                for (int i = start; i < end; i++)
                {
                    Interlocked.Increment(ref touched[i]);
                }
            });
            Assert.All(touched, times => Assert.Equal(1, times));
        }
    }

    [Fact]
    public void Run_AfterParking_WakesEveryWorker()
    {
        using var pool = new WorkerPool(3);
        for (int round = 0; round < 5; round++)
        {
            Thread.Sleep(20);
            int ran = 0;
            pool.Run(_ => Interlocked.Increment(ref ran));
            Assert.Equal(3, ran);
        }
    }

    [Fact]
    public void Run_BodyThrows_RethrowsAfterAllFinished()
    {
        using var pool = new WorkerPool(2);
        Assert.Throws<InvalidOperationException>(() => pool.Run(worker => throw new InvalidOperationException(worker.ToString())));
        int ran = 0;
        pool.Run(_ => Interlocked.Increment(ref ran));
        Assert.Equal(2, ran);
    }

    [Fact]
    public void Run_AfterDisposal_IsRefusedInsteadOfWaitingForEver()
    {
        var pool = new WorkerPool(2);
        pool.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pool.Run(_ => { }));
    }
}
