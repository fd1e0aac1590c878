namespace Foretell.Tensors.Kernels.Cpu.Attention;

/// <summary>Cuts one block of memory into cache-line aligned buffers; over null it only measures how much they need.</summary>
internal unsafe struct Carver(byte* memory)
{
    /// <summary>What has been taken so far.</summary>
    public long Bytes { get; private set; }

    public byte* Take(long bytes)
    {
        byte* buffer = memory == null ? null : memory + Bytes;
        Bytes += (bytes + 63) / 64 * 64;
        return buffer;
    }

    public float* TakeFloats(long count) => (float*)Take(count * sizeof(float));
}
