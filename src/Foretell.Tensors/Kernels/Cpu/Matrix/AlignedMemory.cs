using System.Runtime.InteropServices;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>Native memory on a cache-line boundary, freed on disposal or with the object. Its first contents are arbitrary.</summary>
internal sealed unsafe class AlignedMemory : IDisposable
{
    private const int CacheLine = 64;

    /// <param name="bytes">Zero or more.</param>
    public AlignedMemory(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Bytes = bytes;
        Pointer = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, CacheLine), CacheLine);
    }

    ~AlignedMemory() => Free();

    public byte* Pointer { get; private set; }

    public long Bytes { get; }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
    }
}
