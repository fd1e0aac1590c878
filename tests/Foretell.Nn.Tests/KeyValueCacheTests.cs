using Foretell.Tensors;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Nn.Tests;

public class KeyValueCacheTests
{
    [Fact]
    public void Truncate_BeyondTheLength_IsRefused()
    {
        using var device = new Device(new ReferenceBackend());
        using var cache = new KeyValueCache(device, layers: 2, capacity: 40, keyValueHeads: 2, headSize: 3);
        cache.Table.Advance(33);
        Assert.Equal(33, cache.Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Truncate(34));
        cache.Truncate(1);
        Assert.Equal(1, cache.Length);
        Assert.Equal(40, cache.Capacity);
        Assert.Equal(64, cache.Table.Capacity);
    }

    [Fact]
    public void Dispose_OfACache_GivesItsMemoryBack()
    {
        using var device = new Device(new ReferenceBackend());
        using (new KeyValueCache(device, layers: 3, capacity: 100, keyValueHeads: 4, headSize: 4))
        {
            Assert.True(device.Memory.LiveBytes >= 3 * 2 * 100 * 16 * 4);
        }
        Assert.Equal(0, device.Memory.LiveBytes);
    }
}
