namespace Foretell.Evaluation.Compression;

/// <summary>
/// A range coder: the message is a number in [0, 1), narrowed by each symbol to the symbol's part of the interval. The
/// interval is <c>[low, low + range)</c> with 64 bits each; bytes that can no longer change leave at the top, and a carry into bytes that
/// already left is caught by holding one byte back, and with it the run of 0xFF that it could ripple through.
/// G. N. N. Martin, "Range encoding: an algorithm for removing redundancy from a digitised message" (1979).
/// </summary>
public sealed class ArithmeticEncoder(Stream output)
{
    /// <summary>Largest total of frequencies: the range never falls below 2^56, so that a division wastes at most 2^-16 of it; 2^-20 at 2^36.</summary>
    public const long LargestTotal = 1L << 40;

    internal const ulong SmallestRange = 1UL << 56;

    private readonly byte[] _buffer = new byte[1 << 14];
    private int _buffered;
    private ulong _low;
    private ulong _range = ulong.MaxValue;
    private int _heldByte = -1;
    private long _heldOnes;

    /// <summary>Appends a symbol that occupies [<paramref name="start"/>, <paramref name="start"/> + <paramref name="length"/>) of [0, <paramref name="total"/>).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The part is empty or not inside [0, total), or the total exceeds <see cref="LargestTotal"/>.</exception>
    public void Encode(long start, long length, long total)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(total, LargestTotal);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, total - length);
        ulong unit = _range / (ulong)total;
        AddToLow(unit * (ulong)start);
        _range = unit * (ulong)length;
        while (_range < SmallestRange)
        {
            ShiftOut();
            _range <<= 8;
        }
    }

    /// <summary>Writes what is held back; bytes that the decoder would read past the end count as zero, so that one more byte suffices.</summary>
    public void Finish()
    {
        // The range holds a number whose lower 56 bits are zero: only its top byte has to be written.
        AddToLow(SmallestRange - 1);
        ShiftOut();
        Release();
        output.Write(_buffer, 0, _buffered);
        _buffered = 0;
    }

    private void AddToLow(ulong addend)
    {
        ulong low = _low;
        _low = low + addend;
        if (_low < low)
        {
            Carry();
        }
    }

    private void Carry()
    {
        // Each byte takes at most one carry in its life, so the held byte, which is not 0xFF when it is set, has room.
        if (_heldOnes == 0)
        {
            _heldByte++;
            return;
        }
        Put((byte)(_heldByte + 1));
        for (; _heldOnes > 1; _heldOnes--)
        {
            Put(0);
        }
        _heldByte = 0;
        _heldOnes = 0;
    }

    private void ShiftOut()
    {
        int top = (int)(_low >> 56);
        _low <<= 8;
        if (top == 0xFF && _heldByte >= 0)
        {
            _heldOnes++;
            return;
        }
        Release();
        _heldByte = top;
    }

    private void Release()
    {
        if (_heldByte < 0)
        {
            return;
        }
        Put((byte)_heldByte);
        for (; _heldOnes > 0; _heldOnes--)
        {
            Put(0xFF);
        }
        _heldByte = -1;
    }

    private void Put(byte value)
    {
        if (_buffered == _buffer.Length)
        {
            output.Write(_buffer);
            _buffered = 0;
        }
        _buffer[_buffered++] = value;
    }
}
