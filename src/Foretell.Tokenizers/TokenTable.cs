using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Foretell.Tokenizers;

/// <summary>
/// The bytes of every token by id, and the id of every byte string that is a token.
/// Here and where files are read, AggressiveOptimization spares a first load the slow code of the first tier.
/// </summary>
internal sealed class TokenTable
{
    /// <summary>Ids at or above this are taken for a damaged file.</summary>
    public const int MaximumId = 1 << 22;

    private byte[] _bytes = new byte[4096];
    private int _used;
    private int[] _starts = new int[512];
    private int[] _lengths = new int[512];
    private int[] _slots = new int[1024];
    private int _indexed;

    public TokenTable() => Array.Fill(_lengths, -1);

    /// <summary>The same tokens in a table of their own.</summary>
    public TokenTable Copy()
    {
        var copy = (TokenTable)MemberwiseClone();
        (copy._bytes, copy._starts, copy._lengths, copy._slots) = ([.. _bytes], [.. _starts], [.. _lengths], [.. _slots]);
        return copy;
    }

    /// <summary>One more than the greatest id; ids between may be unused.</summary>
    public int Count { get; private set; }

    public bool Contains(int id) => (uint)id < (uint)Count && _lengths[id] >= 0;

    public ReadOnlySpan<byte> this[int id] => _bytes.AsSpan(_starts[id], _lengths[id]);

    /// <summary>Gives <paramref name="id"/> its bytes. Only tokens that text may become are <paramref name="searchable"/>.</summary>
    /// <exception cref="FormatException">The id is out of range or taken, or the bytes are another token's.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(int id, ReadOnlySpan<byte> bytes, bool searchable = true)
    {
        if ((uint)id >= MaximumId)
        {
            throw new FormatException($"The token '{ByteAlphabet.Spell(bytes)}' has the id {id}; ids must be from 0 to {MaximumId - 1}.");
        }
        if (Contains(id))
        {
            throw new FormatException($"The id {id} stands for two tokens, '{ByteAlphabet.Spell(this[id])}' and '{ByteAlphabet.Spell(bytes)}'; each token needs an id of its own.");
        }
        if (searchable && Find(bytes) is int other and >= 0)
        {
            throw new FormatException($"The token '{ByteAlphabet.Spell(bytes)}' has two ids, {other} and {id}; each token must be listed once.");
        }
        if (id >= _starts.Length)
        {
            int size = (int)BitOperations.RoundUpToPowerOf2((uint)id + 1);
            int before = _lengths.Length;
            Array.Resize(ref _starts, size);
            Array.Resize(ref _lengths, size);
            _lengths.AsSpan(before).Fill(-1);
        }
        if (_bytes.Length - _used < bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _used + bytes.Length));
        }
        bytes.CopyTo(_bytes.AsSpan(_used));
        _starts[id] = _used;
        _lengths[id] = bytes.Length;
        _used += bytes.Length;
        Count = Math.Max(Count, id + 1);
        if (searchable)
        {
            Index(id);
        }
    }

    /// <summary>The id of the searchable token of these bytes, or -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Find(ReadOnlySpan<byte> bytes)
    {
        int mask = _slots.Length - 1;
        for (int slot = (int)Hash(bytes) & mask; ; slot = (slot + 1) & mask)
        {
            int id = _slots[slot] - 1;
            if (id < 0 || this[id].SequenceEqual(bytes))
            {
                return id;
            }
        }
    }

    /// <summary>A hash for tables in memory: eight bytes a step, multiplied and folded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        ulong hash = (ulong)bytes.Length * 0x9E3779B97F4A7C15;
        while (bytes.Length >= 8)
        {
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }
        ulong tail = 0;
        for (int index = 0; index < bytes.Length; index++)
        {
            tail |= (ulong)bytes[index] << (8 * index);
        }
        return Mix(hash ^ tail);
    }

    internal static ulong Mix(ulong value)
    {
        ulong high = Math.BigMul(value, 0xD6E8FEB86659FD93, out ulong low);
        return high ^ low;
    }

    private void Index(int id)
    {
        if (++_indexed * 2 > _slots.Length)
        {
            int[] old = _slots;
            _slots = new int[old.Length * 2];
            foreach (int entry in old)
            {
                if (entry != 0)
                {
                    Insert(entry - 1);
                }
            }
        }
        Insert(id);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Insert(int id)
    {
        int mask = _slots.Length - 1;
        int slot = (int)Hash(this[id]) & mask;
        while (_slots[slot] != 0)
        {
            slot = (slot + 1) & mask;
        }
        _slots[slot] = id + 1;
    }
}
