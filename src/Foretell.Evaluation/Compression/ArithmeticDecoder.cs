namespace Foretell.Evaluation.Compression;

/// <summary>Undoes <see cref="ArithmeticEncoder"/>: for each symbol ask <see cref="Target"/>, find the symbol whose part holds it, and <see cref="Consume"/> that part.</summary>
public sealed class ArithmeticDecoder
{
    private readonly Stream _input;
    private readonly byte[] _buffer = new byte[1 << 14];
    private long _unread;
    private int _next;
    private int _filled;
    // The coded number relative to the low end of the interval.
    private ulong _offset;
    private ulong _range = ulong.MaxValue;

    /// <param name="input">Positioned at the first coded byte.</param>
    /// <param name="length">Number of coded bytes; nothing after them is read.</param>
    public ArithmeticDecoder(Stream input, long length)
    {
        _input = input;
        _unread = length;
        for (int count = 0; count < 8; count++)
        {
            _offset = _offset << 8 | NextByte();
        }
    }

    /// <summary>A number in [0, <paramref name="total"/>) that lies in the next symbol's part. On data that no encoder wrote, any number in that range.</summary>
    public long Target(long total)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(total);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(total, ArithmeticEncoder.LargestTotal);
        return (long)Math.Min(_offset / (_range / (ulong)total), (ulong)total - 1);
    }

    /// <summary>Takes the symbol's part out, with the numbers the encoder was given.</summary>
    public void Consume(long start, long length, long total)
    {
        ulong unit = _range / (ulong)total;
        _offset -= unit * (ulong)start;
        _range = unit * (ulong)length;
        while (_range < ArithmeticEncoder.SmallestRange)
        {
            _offset = _offset << 8 | NextByte();
            _range <<= 8;
        }
    }

    private byte NextByte()
    {
        if (_next == _filled)
        {
            _filled = _unread == 0 ? 0 : _input.Read(_buffer, 0, (int)Math.Min(_unread, _buffer.Length));
            _next = 0;
            if (_filled == 0)
            {
                return 0;
            }
            _unread -= _filled;
        }
        return _buffer[_next++];
    }
}
