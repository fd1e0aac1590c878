namespace Foretell.Tokenizers;

/// <summary>How often each word occurred: an open-addressed table over one growing block of bytes.</summary>
internal sealed class WordCounts
{
    private byte[] _bytes = new byte[1 << 16];
    private Entry[] _entries = new Entry[1 << 12];
    private int[] _slots = new int[1 << 13];
    private int _used;

    private struct Entry
    {
        public ulong Hash;
        public long Count;
        public int Start;
        public int Length;
    }

    /// <summary>The number of different words.</summary>
    public int Distinct { get; private set; }

    /// <summary>Bytes that the words take.</summary>
    public int BytesUsed => _used;

    public ReadOnlySpan<byte> Word(int index) => _bytes.AsSpan(_entries[index].Start, _entries[index].Length);

    public long Count(int index) => _entries[index].Count;

    public void Add(ReadOnlySpan<byte> word, long times)
    {
        ulong hash = TokenTable.Hash(word);
        int mask = _slots.Length - 1;
        int slot = (int)hash & mask;
        for (; _slots[slot] != 0; slot = (slot + 1) & mask)
        {
            ref Entry entry = ref _entries[_slots[slot] - 1];
            if (entry.Hash == hash && _bytes.AsSpan(entry.Start, entry.Length).SequenceEqual(word))
            {
                entry.Count += times;
                return;
            }
        }
        if (Distinct == _entries.Length)
        {
            Array.Resize(ref _entries, _entries.Length * 2);
            Rehash(_slots.Length * 2);
            Add(word, times);
            return;
        }
        if (_bytes.Length - _used < word.Length)
        {
            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(_bytes.Length * 2L, _used + (long)word.Length)));
        }
        word.CopyTo(_bytes.AsSpan(_used));
        _entries[Distinct] = new Entry { Hash = hash, Count = times, Start = _used, Length = word.Length };
        _used += word.Length;
        _slots[slot] = ++Distinct;
    }

    public void AddAll(WordCounts other)
    {
        for (int index = 0; index < other.Distinct; index++)
        {
            Add(other.Word(index), other.Count(index));
        }
    }

    public void Clear()
    {
        Array.Clear(_slots);
        (Distinct, _used) = (0, 0);
    }

    /// <summary>Forgets the words that occurred fewer than <paramref name="least"/> times.</summary>
    public void DropBelow(long least)
    {
        (int before, Distinct, _used) = (Distinct, 0, 0);
        for (int index = 0; index < before; index++)
        {
            Entry entry = _entries[index];
            if (entry.Count >= least)
            {
                // Words only move towards the front, where nothing is needed any more.
                _bytes.AsSpan(entry.Start, entry.Length).CopyTo(_bytes.AsSpan(_used));
                entry.Start = _used;
                _used += entry.Length;
                _entries[Distinct++] = entry;
            }
        }
        Rehash(_slots.Length);
    }

    private void Rehash(int size)
    {
        _slots = new int[size];
        for (int index = 0; index < Distinct; index++)
        {
            int slot = (int)_entries[index].Hash & (size - 1);
            while (_slots[slot] != 0)
            {
                slot = (slot + 1) & (size - 1);
            }
            _slots[slot] = index + 1;
        }
    }
}
