using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Foretell.Tokenizers;

/// <summary>
/// The ids of short words met before, in a direct-mapped table: a hot word costs one load and compare. A word that was met
/// again holds its slot against as many newcomers, so that the many rare words do not drive out the few frequent ones.
/// Words of up to 16 bytes that became up to <see cref="MaximumIds"/> ids fit.
/// </summary>
internal sealed class WordCache
{
    public const int MaximumBytes = 16;
    public const int MaximumIds = 3;

    private const int SlotBits = 16;
    private const byte MostCredit = 8;

    private readonly Entry[] _entries = new Entry[1 << SlotBits];

    /// <summary>The slot where the word utf8[start..end] belongs; whether it lies there now is <see cref="Entry.Holds"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref Entry Slot(ReadOnlySpan<byte> utf8, int start, int length, out ulong low, out ulong high)
    {
        if (utf8.Length - start >= MaximumBytes)
        {
            ReadOnlySpan<byte> word = utf8.Slice(start, MaximumBytes);
            low = BinaryPrimitives.ReadUInt64LittleEndian(word) & LowMasks[length];
            high = BinaryPrimitives.ReadUInt64LittleEndian(word[8..]) & HighMasks[length];
        }
        else
        {
            ReadAtEnd(utf8.Slice(start, length), out low, out high);
        }
        ulong hash = (low ^ (high * 0x9E3779B97F4A7C15) ^ (ulong)length) * 0xD6E8FEB86659FD93;
        return ref _entries[(int)(hash >> (64 - SlotBits))];
    }

    private static readonly ulong[] LowMasks = [.. Enumerable.Range(0, MaximumBytes + 1).Select(length => Mask(length))];
    private static readonly ulong[] HighMasks = [.. Enumerable.Range(0, MaximumBytes + 1).Select(length => Mask(length - 8))];

    private static ulong Mask(int bytes) => bytes <= 0 ? 0 : ulong.MaxValue >> (64 - (8 * Math.Min(bytes, 8)));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ReadAtEnd(ReadOnlySpan<byte> word, out ulong low, out ulong high)
    {
        Span<byte> padded = stackalloc byte[MaximumBytes];
        padded.Clear();
        word.CopyTo(padded);
        low = BinaryPrimitives.ReadUInt64LittleEndian(padded);
        high = BinaryPrimitives.ReadUInt64LittleEndian(padded[8..]);
    }

    public struct Entry
    {
        public ulong Low;
        public ulong High;
        public byte Length;
        public byte Count;
        private byte _credit;
        public int First;
        public int Second;
        public int Third;

        /// <summary>Whether the word is here; if so it gains credit.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool Holds(ulong low, ulong high, int length)
        {
            if (Low != low || High != high || Length != length)
            {
                return false;
            }
            if (_credit < MostCredit)
            {
                _credit++;
            }
            return true;
        }

        /// <summary>Offers a word the slot: it gets it where the word there has no credit left.</summary>
        public void Offer(ulong low, ulong high, int length, ReadOnlySpan<int> ids)
        {
            if (_credit > 0)
            {
                _credit--;
                return;
            }
            (Low, High, Length, Count) = (low, high, (byte)length, (byte)ids.Length);
            First = ids[0];
            Second = ids.Length > 1 ? ids[1] : 0;
            Third = ids.Length > 2 ? ids[2] : 0;
        }
    }
}
