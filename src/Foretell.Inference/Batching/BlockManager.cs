using System.Runtime.InteropServices;

namespace Foretell.Inference;

/// <summary>
/// Who holds which block of the key-value memory (Kwon et al. 2023, PagedAttention). Blocks are shared by reference
/// count; a full block is known by its tokens and those before it, is found again by sequences that begin alike, and is
/// kept after use until its place is needed, the one longest unused first. Nothing trusts a hash: tokens are compared.
/// Not safe to use from several threads at once.
/// </summary>
internal sealed class BlockManager
{
    private const int Nothing = -1;
    private const long Root = 0;

    private readonly int[] _references;
    private readonly PrefixKey?[] _keys;
    private readonly long[] _contents;
    private readonly Dictionary<PrefixKey, int> _byPrefix = [];
    private readonly BlockOrder _free;
    private readonly bool _prefixCache;
    private long _lastContent = Root;

    /// <param name="blocks">Number of blocks, at least 1.</param>
    /// <param name="blockTokens">Tokens of a block, at least 1.</param>
    /// <param name="prefixCache">Whether full blocks are kept and found again.</param>
    public BlockManager(int blocks, int blockTokens, bool prefixCache)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blocks, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockTokens, 1);
        BlockTokens = blockTokens;
        _prefixCache = prefixCache;
        _references = new int[blocks];
        _keys = new PrefixKey?[blocks];
        _contents = new long[blocks];
        _free = new BlockOrder(blocks);
        for (int block = 0; block < blocks; block++)
        {
            _free.AddLast(block);
        }
    }

    /// <summary>Tokens of a block.</summary>
    public int BlockTokens { get; }

    /// <summary>Number of blocks.</summary>
    public int Count => _references.Length;

    /// <summary>Blocks that no sequence holds, those kept for the prefix cache included.</summary>
    public int Free => _free.Count;

    /// <summary>Blocks whose contents the prefix cache knows, in use or not.</summary>
    public int Cached => _byPrefix.Count;

    /// <summary>Blocks that so many tokens fill or begin.</summary>
    public int BlocksFor(int tokens) => (int)(((long)tokens + BlockTokens - 1) / BlockTokens);

    /// <summary>How many of the leading tokens lie in blocks that are known, whole blocks only, and how many of those blocks nobody holds.</summary>
    public (int Tokens, int Unheld) FindPrefix(ReadOnlySpan<int> tokens)
    {
        long parent = Root;
        int found = 0;
        int unheld = 0;
        while (TryFind(parent, tokens, found, out int block))
        {
            parent = _contents[block];
            unheld += _references[block] == 0 ? 1 : 0;
            found += BlockTokens;
        }
        return (found, unheld);
    }

    /// <summary>Gives a sequence without blocks the known blocks that hold its leading tokens.</summary>
    /// <returns>Tokens found.</returns>
    public int TakePrefix(ReadOnlySpan<int> tokens, SequenceBlocks sequence)
    {
        var blocks = new List<int>();
        long parent = Root;
        while (TryFind(parent, tokens, blocks.Count * BlockTokens, out int block))
        {
            parent = _contents[block];
            Hold(block);
            blocks.Add(block);
        }
        int length = blocks.Count * BlockTokens;
        sequence.Begin(CollectionsMarshal.AsSpan(blocks), length, length, blocks.Count);
        return length;
    }

    /// <summary>
    /// Makes room to write the sequence's tokens up to <paramref name="tokens"/>: adds blocks, and replaces the block that
    /// would be written next by a copy where another sequence holds it too. Changes nothing when there is too little room.
    /// </summary>
    /// <param name="copies">Receives the blocks whose contents must be copied before anything is written.</param>
    public bool TryReserve(SequenceBlocks sequence, int tokens, List<BlockCopy> copies)
    {
        int writtenNext = sequence.Length / BlockTokens;
        bool copy = tokens > sequence.Length && sequence.Length % BlockTokens > 0 && _references[sequence.Ids[writtenNext]] > 1;
        int more = Math.Max(0, BlocksFor(tokens) - sequence.Ids.Length);
        if (more + (copy ? 1 : 0) > _free.Count)
        {
            return false;
        }
        if (copy)
        {
            int shared = sequence.Ids[writtenNext];
            int own = Allocate();
            sequence.Replace(writtenNext, own);
            _references[shared]--;
            copies.Add(new BlockCopy(shared, own));
        }
        for (int i = 0; i < more; i++)
        {
            sequence.Add(Allocate());
        }
        return true;
    }

    /// <summary>Makes a sequence's full blocks known. Where the same tokens are known already the sequence goes over to that block: its bits are the same.</summary>
    /// <param name="tokens">The sequence's tokens; at least its length.</param>
    public void Register(ReadOnlySpan<int> tokens, SequenceBlocks sequence)
    {
        if (!_prefixCache)
        {
            return;
        }
        for (int index = sequence.Registered; (index + 1) * BlockTokens <= sequence.CompleteLength; index++)
        {
            int block = sequence.Ids[index];
            if (_keys[block] is null)
            {
                var key = new PrefixKey(index == 0 ? Root : _contents[sequence.Ids[index - 1]], tokens.Slice(index * BlockTokens, BlockTokens).ToArray());
                if (_byPrefix.TryGetValue(key, out int known))
                {
                    Hold(known);
                    sequence.Replace(index, known);
                    Release(block);
                }
                else
                {
                    _byPrefix.Add(key, block);
                    _keys[block] = key;
                    _contents[block] = ++_lastContent;
                }
            }
            sequence.Registered = index + 1;
        }
    }

    /// <summary>Lets another sequence, without blocks, hold all that this one has written.</summary>
    public void Share(SequenceBlocks from, SequenceBlocks to)
    {
        ReadOnlySpan<int> written = from.Ids[..BlocksFor(from.Length)];
        foreach (int block in written)
        {
            Hold(block);
        }
        to.Begin(written, from.Length, from.CompleteLength, from.Registered);
    }

    /// <summary>Takes back all blocks of a sequence.</summary>
    public void ReleaseAll(SequenceBlocks sequence)
    {
        // The last first: a block must not outlive in the cache those it can only be found behind.
        for (int index = sequence.Ids.Length - 1; index >= 0; index--)
        {
            Release(sequence.Ids[index]);
        }
        sequence.Clear();
    }

    /// <summary>How many sequences hold a block.</summary>
    internal int References(int block) => _references[block];

    private bool TryFind(long parent, ReadOnlySpan<int> tokens, int start, out int block)
    {
        block = Nothing;
        return _prefixCache && start + BlockTokens <= tokens.Length
            && _byPrefix.TryGetValue(new PrefixKey(parent, tokens.Slice(start, BlockTokens).ToArray()), out block);
    }

    private int Allocate()
    {
        int block = _free.RemoveFirst();
        if (_keys[block] is PrefixKey key)
        {
            _byPrefix.Remove(key);
            _keys[block] = null;
            _contents[block] = Root;
        }
        _references[block] = 1;
        return block;
    }

    private void Hold(int block)
    {
        if (_references[block]++ == 0)
        {
            _free.Remove(block);
        }
    }

    private void Release(int block)
    {
        if (--_references[block] > 0)
        {
            return;
        }
        if (_keys[block] is null)
        {
            _free.AddFirst(block);
        }
        else
        {
            _free.AddLast(block);
        }
    }
}

/// <summary>A block's contents that are to be copied into another.</summary>
internal readonly record struct BlockCopy(int From, int To);
