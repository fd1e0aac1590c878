using System.IO.MemoryMappedFiles;

namespace Foretell.Data;

/// <summary>A read-only file mapped into memory; the room's only unsafe code.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _bytes;
    private bool _isDisposed;

    public MappedFile(string path)
    {
        Length = new FileInfo(path).Length;
        // A file without bytes cannot be mapped.
        if (Length > 0)
        {
            _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, capacity: 0, MemoryMappedFileAccess.Read);
            _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _bytes);
        }
    }

    public long Length { get; }

    /// <summary><paramref name="count"/> values from the value number <paramref name="index"/>, valid until this object is disposed.</summary>
    public ReadOnlySpan<T> Values<T>(long index, int count) where T : unmanaged
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index + count, Length / sizeof(T));
        return new ReadOnlySpan<T>(_bytes + (index * sizeof(T)), count);
    }

    public void Dispose()
    {
        if (!_isDisposed && _view is not null)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file!.Dispose();
        }
        _isDisposed = true;
    }
}
