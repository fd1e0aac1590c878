using Foretell.Tensors.Kernels;

namespace Foretell.Tensors.Tests.Kernels;

public class NativeMemoryPoolTests
{
    [Fact]
    public void Return_OfManySizes_KeepsABoundedAmount()
    {
        using var pool = new NativeMemoryPool();
        const long Megabyte = 1 << 20;
        for (int size = 1; size <= 200; size++)
        {
            pool.Return(pool.Rent(size * Megabyte), size * Megabyte);
        }
        Assert.Equal(0, pool.LiveBytes);
        Assert.InRange(pool.FreeBytes, 0, 340 * Megabyte);
    }

    [Fact]
    public void Rent_OfTheSameSizes_ReusesThem()
    {
        using var pool = new NativeMemoryPool();
        nint first = pool.Rent(3_000_000);
        pool.Return(first, 3_000_000);
        Assert.Equal(first, pool.Rent(3_000_000));
        pool.Return(first, 3_000_000);
    }
}
