using System.Security.Cryptography;

namespace Foretell.Tensors.Files;

/// <summary>Takes plain bytes in order and writes them encrypted. Nothing is whole before <see cref="Finish"/>.</summary>
internal sealed class EncryptingStream : Stream
{
    private readonly Stream _output;
    private readonly AesGcm _cipher;
    private readonly byte[] _header;
    private readonly byte[] _plain;
    private readonly byte[] _sealed;
    private long _index;
    private int _filled;
    private long _position;

    public EncryptingStream(Stream output, WeightKey key, int chunkBytes)
    {
        _output = output;
        var header = new EncryptedHeader(chunkBytes, RandomNumberGenerator.GetBytes(EncryptedHeader.SaltBytes));
        (byte[] content, byte[] headerKey) = key.Derive(header.Salt);
        _cipher = new AesGcm(content, EncryptedFile.TagBytes);
        _header = header.Write(headerKey);
        _plain = new byte[chunkBytes];
        _sealed = new byte[chunkBytes + EncryptedFile.TagBytes];
        output.Write(_header);
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _position;

    /// <summary>Plain bytes so far.</summary>
    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _position += buffer.Length;
        while (!buffer.IsEmpty)
        {
            // A full chunk waits until it is known not to be the last.
            if (_filled == _plain.Length)
            {
                Seal(isLast: false);
            }
            int taken = Math.Min(buffer.Length, _plain.Length - _filled);
            buffer[..taken].CopyTo(_plain.AsSpan(_filled));
            _filled += taken;
            buffer = buffer[taken..];
        }
    }

    /// <summary>Writes the last chunk.</summary>
    public void Finish() => Seal(isLast: true);

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _cipher.Dispose();
            CryptographicOperations.ZeroMemory(_plain);
        }
        base.Dispose(disposing);
    }

    private void Seal(bool isLast)
    {
        Span<byte> nonce = stackalloc byte[EncryptedFile.NonceBytes];
        EncryptedFile.Nonce(nonce, _index++, isLast);
        _cipher.Encrypt(nonce, _plain.AsSpan(0, _filled), _sealed.AsSpan(0, _filled), _sealed.AsSpan(_filled, EncryptedFile.TagBytes), _header);
        _output.Write(_sealed, 0, _filled + EncryptedFile.TagBytes);
        _filled = 0;
    }
}
