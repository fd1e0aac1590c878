using System.Runtime.InteropServices;
using Iced.Intel;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// A kernel assembled at run time: position-independent x64 code for the System V convention, taking one pointer to
/// <see cref="KernelArguments"/>. It is written into fresh pages that are then made executable and never written again.
/// Faults inside it are fatal, so callers check bounds first.
/// </summary>
internal sealed unsafe partial class ExecutableMemory
{
    private const int ProtectRead = 1, ProtectWrite = 2, ProtectExecute = 4;
    private const int MapPrivate = 2, MapAnonymous = 0x20;

    private readonly delegate* unmanaged<void*, void> _entry;

    /// <param name="emit">Writes the instructions.</param>
    public ExecutableMemory(Action<Assembler> emit)
    {
        var assembler = new Assembler(64);
        emit(assembler);
        using var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), 0);
        Code = stream.ToArray();
        // Kernels live as long as the process: nothing can tell when the last thread has left one.
        void* pages = Map(null, (nuint)Code.Length, ProtectRead | ProtectWrite, MapPrivate | MapAnonymous, -1, 0);
        if ((nint)pages == -1)
        {
            throw new OutOfMemoryException($"No memory for {Code.Length} bytes of assembled code.");
        }
        Code.CopyTo(new Span<byte>(pages, Code.Length));
        if (Protect(pages, (nuint)Code.Length, ProtectRead | ProtectExecute) != 0)
        {
            throw new PlatformNotSupportedException(
                "This system does not let a program run code that it has assembled; set FORETELL_KERNELS=portable to do without.");
        }
        _entry = (delegate* unmanaged<void*, void>)pages;
    }

    /// <summary>The instructions.</summary>
    public byte[] Code { get; }

    public void Invoke(void* arguments) => _entry(arguments);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint bytes, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(void* address, nuint bytes, int protection);
}
