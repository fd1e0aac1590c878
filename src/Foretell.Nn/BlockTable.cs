using Foretell.Tensors.Kernels;

namespace Foretell.Nn;

/// <summary>
/// Where one sequence's keys and values lie: the ids of its blocks of a <see cref="KeyValuePool"/>, in order, and how many
/// tokens they hold. Who owns the blocks is its caller's business. Not safe to use from several threads at once.
/// </summary>
public sealed class BlockTable
{
    private int[] _blocks;

    /// <summary>A sequence without blocks or tokens.</summary>
    public BlockTable() => _blocks = [];

    /// <summary>A sequence that begins with tokens which others have computed: a shared prefix.</summary>
    /// <param name="blocks">Ids of blocks; all but a last, partly filled one may be shared, that one must be a copy.</param>
    /// <param name="length">Tokens in them.</param>
    /// <exception cref="ArgumentOutOfRangeException">The blocks do not hold as many tokens.</exception>
    public BlockTable(ReadOnlySpan<int> blocks, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, (long)blocks.Length * KeyValuePool.BlockTokens);
        _blocks = blocks.ToArray();
        Count = blocks.Length;
        Length = length;
        TailIsStale = true;
    }

    /// <summary>Number of blocks.</summary>
    public int Count { get; private set; }

    /// <summary>Tokens that fit into the blocks.</summary>
    public int Capacity => Count * KeyValuePool.BlockTokens;

    /// <summary>Tokens whose keys and values are complete in every layer.</summary>
    public int Length { get; private set; }

    /// <summary>Ids of the blocks.</summary>
    public ReadOnlySpan<int> Blocks => _blocks.AsSpan(0, Count);

    /// <summary>Whether the last block in use may hold what no longer counts behind the first <see cref="Length"/> tokens.</summary>
    internal bool TailIsStale { get; private set; }

    /// <summary>Adds a block behind the others.</summary>
    public void Add(int block)
    {
        if (Count == _blocks.Length)
        {
            Array.Resize(ref _blocks, Math.Max(8, 2 * Count));
        }
        _blocks[Count++] = block;
    }

    /// <summary>Puts a copy in a block's place, so that the sequence can write into it.</summary>
    public void Replace(int index, int block)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        _blocks[index] = block;
        TailIsStale = true;
    }

    /// <summary>Takes the last block away.</summary>
    /// <returns>Its id.</returns>
    /// <exception cref="InvalidOperationException">There is none, or tokens are in it.</exception>
    public int RemoveLast()
    {
        if (Count == 0 || Length > (Count - 1) * KeyValuePool.BlockTokens)
        {
            throw new InvalidOperationException($"The last of {Count} blocks cannot be taken from a sequence of {Length} tokens; truncate it first.");
        }
        return _blocks[--Count];
    }

    /// <summary>Forgets all tokens from <paramref name="length"/> on; the blocks stay.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        TailIsStale |= length < Length;
        Length = length;
    }

    /// <summary>Says that <paramref name="tokens"/> more tokens went through every layer.</summary>
    /// <exception cref="InvalidOperationException">They do not fit into the blocks.</exception>
    public void Advance(int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        if (tokens > Capacity - Length)
        {
            throw new InvalidOperationException($"The sequence's {Count} blocks hold {Capacity} tokens; {Length} are in them and {tokens} more do not fit.");
        }
        Length += tokens;
        TailIsStale &= tokens == 0;
    }

    /// <summary>The sequence as a segment of a pass.</summary>
    /// <param name="start">First row of its new tokens.</param>
    /// <param name="count">Number of its new tokens.</param>
    /// <exception cref="InvalidOperationException">They do not fit into the blocks.</exception>
    public PagedSegment Segment(int start, int count)
    {
        if (count > Capacity - Length)
        {
            throw new InvalidOperationException($"The sequence's {Count} blocks hold {Capacity} tokens; {Length} are in them and {count} more do not fit. Give it blocks before the pass.");
        }
        return new PagedSegment(start, count, Length, _blocks, TailIsStale);
    }
}
