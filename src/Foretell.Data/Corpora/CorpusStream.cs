namespace Foretell.Data;

/// <summary>A corpus file's bytes, decompressed, with the place on disk for progress; a damaged .gz is told by name.</summary>
internal sealed class CorpusStream : IDisposable
{
    private readonly CorpusFile _file;
    private readonly FileStream _disk;
    private readonly WholeGzip? _gzip;
    private long _position;

    public CorpusStream(CorpusFile file)
    {
        _file = file;
        _disk = new FileStream(file.FullPath, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);
        _gzip = file.IsCompressed ? new WholeGzip(_disk) : null;
    }

    public long DiskPosition => _disk.Position;

    /// <summary>The number of bytes read, 0 only at the end.</summary>
    public int Read(Span<byte> destination)
    {
        try
        {
            int count = _gzip?.Read(destination) ?? _disk.Read(destination);
            _position += count;
            return count;
        }
        catch (InvalidDataException damage)
        {
            throw new CorpusException(FormattableString.Invariant($"{_file.Name} is not a whole gzip file: after {_position} bytes of text it is cut short or damaged; fetch it or compress it again."), damage);
        }
    }

    public void Dispose()
    {
        _gzip?.Dispose();
        _disk.Dispose();
    }
}
