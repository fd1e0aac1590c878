using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Nn.Tests;

public class KeyValuePoolTests
{
    [Fact]
    public void Bytes_OfAPool_AreItsBlocksInAllLayers()
    {
        using var device = new Device(new ReferenceBackend());
        using var pool = new KeyValuePool(device, layers: 3, blocks: 5, keyValueHeads: 2, headSize: 8);
        Assert.Equal(3 * 2 * KeyValuePool.BlockTokens * 2 * 8 * sizeof(float), pool.BlockBytes);
        Assert.Equal(5 * pool.BlockBytes, pool.Bytes);
        Assert.Equal(pool.BlockBytes, KeyValuePool.BytesPerBlock(device, 3, 2, 8));
        Assert.Equal(3 * 2 * 2 * 8 * sizeof(float), KeyValuePool.BytesPerToken(device, 3, 2, 8));
    }

    [Fact]
    public void BytesPerToken_WhereBFloat16IsMultiplied_IsTwoBytesAnElement()
    {
        Assert.SkipUnless(CpuDevice.AvailableKernels.Contains("avx512"), "this machine lacks AVX-512");
        using Device device = CpuDevice.Create("avx512", 1, DType.BFloat16);
        Assert.SkipUnless(device.Name.EndsWith(" bfloat16", StringComparison.Ordinal) && !device.Name.Contains("rounded", StringComparison.Ordinal), "this machine lacks AVX512_BF16");
        Assert.Equal(4 * 2 * 8 * 64 * 2, KeyValuePool.BytesPerToken(device, layers: 4, keyValueHeads: 8, headSize: 64));
    }

    [Fact]
    public void CopyBlock_InEveryLayer_CopiesThatBlockAlone()
    {
        using var device = new Device(new ReferenceBackend());
        using var pool = new KeyValuePool(device, layers: 2, blocks: 3, keyValueHeads: 1, headSize: 4);
        for (int layer = 0; layer < 2; layer++)
        {
            for (int block = 0; block < 3; block++)
            {
                pool.Memory.Row<int>(3 * layer + block).Fill(10 * layer + block);
            }
        }
        pool.CopyBlock(2, 0);
        for (int layer = 0; layer < 2; layer++)
        {
            Assert.Equal(-1, pool.Memory.Row<int>(3 * layer).IndexOfAnyExcept(10 * layer + 2));
            Assert.Equal(-1, pool.Memory.Row<int>(3 * layer + 1).IndexOfAnyExcept(10 * layer + 1));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.CopyBlock(0, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.CopyBlock(-1, 0));
    }
}
