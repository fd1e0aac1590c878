using System.Runtime.InteropServices;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// Native memory on a cache-line boundary, freed on disposal or with the object. Its first contents are arbitrary.
/// Large blocks ask Linux for huge pages.
/// </summary>
internal sealed unsafe partial class AlignedMemory : IDisposable
{
    private const int CacheLine = 64;
    private const int HugePage = 2 << 20;
    private const int AdviseHugePages = 14;

    /// <param name="bytes">Zero or more.</param>
    public AlignedMemory(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Bytes = bytes;
        bool large = bytes >= 2 * HugePage;
        Pointer = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, CacheLine), large ? HugePage : (nuint)CacheLine);
        if (large && OperatingSystem.IsLinux())
        {
            // Only advice: a system that refuses it serves small pages.
            _ = Advise(Pointer, (nuint)(bytes / HugePage * HugePage), AdviseHugePages);
        }
    }

    ~AlignedMemory() => Free();

    public byte* Pointer { get; private set; }

    public long Bytes { get; }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint bytes, int advice);

    private void Free()
    {
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
    }
}
