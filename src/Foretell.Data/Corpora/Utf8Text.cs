using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Foretell.Data;

/// <summary>The questions about UTF-8 that reading a corpus asks.</summary>
internal static class Utf8Text
{
    public static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>How many leading bytes are whole valid characters; short of the end only by a character that more bytes could complete, or by a bad byte.</summary>
    public static int ValidLength(ReadOnlySpan<byte> bytes, out bool isBad)
    {
        isBad = false;
        if (Utf8.IsValid(bytes))
        {
            return bytes.Length;
        }
        int length = 0;
        while (length < bytes.Length)
        {
            // Long valid stretches are stepped over at vector speed, so that only the last one is read by characters.
            int stretch = Math.Min(4096, bytes.Length - length);
            if (Utf8.IsValid(bytes.Slice(length, stretch)))
            {
                length += stretch;
                continue;
            }
            OperationStatus status = Rune.DecodeFromUtf8(bytes[length..], out _, out int consumed);
            if (status != OperationStatus.Done)
            {
                isBad = status == OperationStatus.InvalidData;
                return length;
            }
            length += consumed;
        }
        return length;
    }

    /// <summary>Characters (Unicode code points): the bytes that do not continue one.</summary>
    public static long CountCharacters(ReadOnlySpan<byte> utf8)
    {
        long count = 0;
        foreach (byte value in utf8)
        {
            count += IsContinuation(value) ? 0 : 1;
        }
        return count;
    }

    /// <summary>The byte at which character number <paramref name="characters"/> (from 0) begins, or the length.</summary>
    public static int OffsetOfCharacter(ReadOnlySpan<byte> utf8, long characters)
    {
        for (int offset = 0; offset < utf8.Length; offset++)
        {
            if (!IsContinuation(utf8[offset]) && characters-- == 0)
            {
                return offset;
            }
        }
        return utf8.Length;
    }

    public static bool IsContinuation(byte value) => (value & 0xC0) == 0x80;

    public static bool IsBlank(ReadOnlySpan<byte> utf8) => utf8.IndexOfAnyExcept(" \t\r\n\v\f"u8) < 0;

    public static CorpusException NotUtf8(CorpusFile file, long offset, ReadOnlySpan<byte> start)
    {
        string guess = start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || start.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]) ? " (it begins like UTF-16)" : "";
        return new CorpusException(FormattableString.Invariant($"{file.Name} is not UTF-8: the {(file.IsCompressed ? "decompressed " : "")}byte at offset {offset} begins no valid character{guess}; convert it to UTF-8."));
    }
}
