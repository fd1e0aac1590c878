using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Nn.Tests;

public class KeyValueCacheTests
{
    [Fact]
    public void Append_ByLayer_GivesAllRowsSoFar()
    {
        using var device = new Device(new ReferenceBackend());
        using var cache = new KeyValueCache(device, layers: 2, capacity: 4, width: 2);
        using var tape = new Tape(device, recording: false);
        cache.Append(tape, 0, tape.Scope.From([1f, 2], [1, 2]), tape.Scope.From([3f, 4], [1, 2]));
        cache.Append(tape, 1, tape.Scope.From([5f, 6], [1, 2]), tape.Scope.From([7f, 8], [1, 2]));
        cache.Advance(1);
        (Tensor keys, Tensor values) = cache.Append(tape, 0, tape.Scope.From([9f, 10, 11, 12], [2, 2]), tape.Scope.From([13f, 14, 15, 16], [2, 2]));
        Assert.Equal([1, 2, 9, 10, 11, 12], keys.ToArray());
        Assert.Equal([3, 4, 13, 14, 15, 16], values.ToArray());
        Assert.Equal(1, cache.Length);
        cache.Advance(2);
        Assert.Equal(3, cache.Length);
        Assert.Contains("holds 4 tokens; 3 are in it and 2 more", Assert.Throws<InvalidOperationException>(() => cache.Append(tape, 0, tape.Scope.Zeros([2, 2]), tape.Scope.Zeros([2, 2]))).Message, StringComparison.Ordinal);
        cache.Truncate(1);
        Assert.Equal(1, cache.Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Truncate(2));
    }

    [Fact]
    public void Dispose_OfACache_GivesItsMemoryBack()
    {
        using var device = new Device(new ReferenceBackend());
        using (new KeyValueCache(device, 3, 100, 16))
        {
            Assert.True(device.Memory.LiveBytes >= 3 * 2 * 100 * 16 * 4);
        }
        Assert.Equal(0, device.Memory.LiveBytes);
    }
}
