using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Foretell.Tokenizers;

/// <summary>
/// The ids of short words met before: a direct-mapped table in which a newcomer takes the slot of an older word.
/// Words of up to 16 bytes that became up to <see cref="MaximumIds"/> ids fit; hot words thus cost one load and compare.
/// </summary>
internal sealed class WordCache
{
    public const int MaximumBytes = 16;
    public const int MaximumIds = 3;

    private const int SlotBits = 15;

    private readonly Entry[] _entries = new Entry[1 << SlotBits];

    /// <summary>The slot where the word utf8[start..end] belongs; whether it lies there now is <see cref="Entry.Holds"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref Entry Slot(ReadOnlySpan<byte> utf8, int start, int length, out ulong low, out ulong high)
    {
        if (utf8.Length - start >= MaximumBytes)
        {
            low = BinaryPrimitives.ReadUInt64LittleEndian(utf8[start..]);
            high = BinaryPrimitives.ReadUInt64LittleEndian(utf8[(start + 8)..]);
        }
        else
        {
            Span<byte> padded = stackalloc byte[MaximumBytes];
            padded.Clear();
            utf8.Slice(start, length).CopyTo(padded);
            low = BinaryPrimitives.ReadUInt64LittleEndian(padded);
            high = BinaryPrimitives.ReadUInt64LittleEndian(padded[8..]);
        }
        if (length <= 8)
        {
            low &= ulong.MaxValue >> (8 * (8 - length));
            high = 0;
        }
        else
        {
            high &= ulong.MaxValue >> (8 * (16 - length));
        }
        ulong hash = (low ^ (high * 0x9E3779B97F4A7C15) ^ (ulong)length) * 0xD6E8FEB86659FD93;
        return ref _entries[(int)(hash >> (64 - SlotBits))];
    }

    public struct Entry
    {
        public ulong Low;
        public ulong High;
        public byte Length;
        public byte Count;
        public int First;
        public int Second;
        public int Third;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly bool Holds(ulong low, ulong high, int length) => Low == low && High == high && Length == length;

        public void Store(ulong low, ulong high, int length, ReadOnlySpan<int> ids)
        {
            (Low, High, Length, Count) = (low, high, (byte)length, (byte)ids.Length);
            First = ids[0];
            Second = ids.Length > 1 ? ids[1] : 0;
            Third = ids.Length > 2 ? ids[2] : 0;
        }
    }
}
