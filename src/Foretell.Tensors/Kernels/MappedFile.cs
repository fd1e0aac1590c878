using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Foretell.Tensors.Files;

namespace Foretell.Tensors.Kernels;

/// <summary>
/// The bytes of a file, mapped read-only: nothing is read until it is touched, and the pages are the operating system's to
/// drop and to share between processes. Spans handed out are valid until <see cref="Dispose"/>; the file must not be
/// shortened meanwhile (replace files by renaming, never by rewriting them in place). A file that <see cref="EncryptedFile"/>
/// wrote is not mapped: its content is decrypted into memory of its own.
/// </summary>
public sealed unsafe class MappedFile : IDisposable
{
    private const int MemoryAlignment = 64;

    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private byte* _start;
    private void* _decrypted;

    private MappedFile(MemoryMappedFile? file, MemoryMappedViewAccessor? view, long length)
    {
        _file = file;
        _view = view;
        Length = length;
        if (view is not null)
        {
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
            _start += view.PointerOffset;
        }
    }

    /// <param name="length">Bytes of memory, at least 1, that are this object's.</param>
    private MappedFile(long length)
    {
        Length = length;
        _decrypted = NativeMemory.AlignedAlloc((nuint)length, MemoryAlignment);
        _start = (byte*)_decrypted;
    }

    /// <summary>Length of the content in bytes at the time it was opened; may be 0.</summary>
    public long Length { get; }

    /// <summary>Whether <see cref="Dispose"/> was called.</summary>
    public bool IsDisposed { get; private set; }

    /// <param name="key">For a file that is encrypted; a plain one is mapped whether a key is given or not.</param>
    /// <exception cref="IOException">The file is missing or can't be read; the message names it.</exception>
    /// <exception cref="InvalidDataException">The file is encrypted and the key is missing or another, or its content was changed.</exception>
    public static MappedFile Open(string path, WeightKey? key = null)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        long length = stream.Length;
        if (length == 0)
        {
            return new MappedFile(null, null, 0);
        }
        if (length >= EncryptedHeader.Length)
        {
            Span<byte> header = stackalloc byte[EncryptedHeader.Length];
            stream.ReadExactly(header);
            if (header.StartsWith(EncryptedHeader.Magic))
            {
                return Decrypt(stream, header, key ?? throw new InvalidDataException($"{path} is encrypted; give the file of its key."), path);
            }
        }
        MemoryMappedFile file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        try
        {
            return new MappedFile(file, file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read), length);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static MappedFile Decrypt(FileStream stream, ReadOnlySpan<byte> bytes, WeightKey key, string path)
    {
        (EncryptedHeader header, byte[] contentKey) = EncryptedHeader.Read(bytes, key, path);
        long length = EncryptedFile.PlainLength(stream.Length, header.ChunkBytes, path);
        MappedFile memory = length > 0 ? new MappedFile(length) : new MappedFile(null, null, 0);
        try
        {
            EncryptedFile.Decrypt(stream, bytes, contentKey, header.ChunkBytes, length, path, (offset, count) => new Span<byte>(memory._start + offset, count));
            return memory;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>The bytes [<paramref name="offset"/>, <paramref name="offset"/> + <paramref name="length"/>).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range isn't inside the file.</exception>
    /// <exception cref="ObjectDisposedException">The mapping is gone.</exception>
    public ReadOnlySpan<byte> Bytes(long offset, int length)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        return new ReadOnlySpan<byte>(_start + offset, length);
    }

    /// <summary>Where the bytes [<paramref name="offset"/>, <paramref name="offset"/> + <paramref name="length"/>) lie in memory until <see cref="Dispose"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range isn't inside the file.</exception>
    /// <exception cref="ObjectDisposedException">The mapping is gone.</exception>
    internal nint Address(long offset, long length)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        return (nint)(_start + offset);
    }

    public void Dispose()
    {
        if (IsDisposed)
        {
            return;
        }
        IsDisposed = true;
        if (_view is not null)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
        }
        _file?.Dispose();
        NativeMemory.AlignedFree(_decrypted);
        _decrypted = null;
        _start = null;
    }
}
