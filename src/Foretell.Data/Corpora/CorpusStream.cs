using System.IO.Compression;

namespace Foretell.Data;

/// <summary>A corpus file's bytes, decompressed, with the place on disk for progress; a damaged .gz is told by name.</summary>
internal sealed class CorpusStream : IDisposable
{
    private readonly CorpusFile _file;
    private readonly FileStream _disk;
    private readonly Stream _bytes;
    private long _position;

    public CorpusStream(CorpusFile file)
    {
        _file = file;
        _disk = new FileStream(file.FullPath, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);
        _bytes = file.IsCompressed ? new GZipStream(_disk, CompressionMode.Decompress) : _disk;
    }

    public long DiskPosition => _disk.Position;

    /// <summary>The number of bytes read, 0 only at the end.</summary>
    public int Read(Span<byte> destination)
    {
        try
        {
            int count = _bytes.Read(destination);
            _position += count;
            return count;
        }
        catch (InvalidDataException damage)
        {
            throw new CorpusException(FormattableString.Invariant($"{_file.Name} is not a whole gzip file: decompression broke off after {_position} bytes of text; it was cut short or damaged, so fetch or compress it again."), damage);
        }
    }

    public void Dispose()
    {
        _bytes.Dispose();
        _disk.Dispose();
    }
}
