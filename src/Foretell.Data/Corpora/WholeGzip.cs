using System.IO.Compression;

namespace Foretell.Data;

/// <summary>
/// Decompression that notices a missing end. <see cref="GZipStream"/> takes the end of its input for the end of the data, so a
/// member of known content is put behind the file's: it comes out whole only if everything before it was. Output is held
/// back until so much has followed that it cannot stem from misread bytes of that member.
/// </summary>
internal sealed class WholeGzip : IDisposable
{
    /// <summary>More than deflate, at most 1:1032, can make of the closing member's bytes.</summary>
    private const int HeldBack = 1 << 17;
    private static readonly byte[] Closing = [.. "foretell: whole."u8];
    private static readonly byte[] ClosingMember = Compress(Closing);
    private readonly GZipStream _decompressed;
    private readonly byte[] _buffer = new byte[3 * HeldBack];
    private int _start;
    private int _length;
    private bool _isAtEnd;

    public WholeGzip(Stream compressed) =>
        _decompressed = new GZipStream(new Concatenation(compressed, new MemoryStream(ClosingMember)), CompressionMode.Decompress);

    /// <summary>The number of bytes read, 0 only at the end.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, cut short or no gzip.</exception>
    public int Read(Span<byte> destination)
    {
        while (!_isAtEnd && _length - _start <= HeldBack)
        {
            _buffer.AsSpan(_start, _length - _start).CopyTo(_buffer);
            (_start, _length) = (0, _length - _start);
            int read = _decompressed.Read(_buffer.AsSpan(_length));
            _length += read;
            _isAtEnd = read == 0;
            if (_isAtEnd)
            {
                _length = _buffer.AsSpan(0, _length).EndsWith(Closing) ? _length - Closing.Length : throw new InvalidDataException("The gzip data has no end.");
            }
        }
        int count = Math.Min(destination.Length, _length - _start - (_isAtEnd ? 0 : HeldBack));
        _buffer.AsSpan(_start, count).CopyTo(destination);
        _start += count;
        return count;
    }

    public void Dispose() => _decompressed.Dispose();

    private static byte[] Compress(byte[] bytes)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }
        return compressed.ToArray();
    }

    /// <summary>One stream's bytes, then another's.</summary>
    private sealed class Concatenation(Stream first, Stream second) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer) => first.Read(buffer) is > 0 and int count ? count : second.Read(buffer);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
