namespace Foretell.Tensors.Kernels;

/// <summary>One sequence's part of a paged attention: rows of new tokens, and the blocks that hold its keys and values.</summary>
/// <param name="QueryStart">First of the new tokens' rows in q, k and v.</param>
/// <param name="QueryCount">Number of new tokens; they stand at positions CachedKeys, CachedKeys + 1, ... of their sequence.</param>
/// <param name="CachedKeys">Tokens of the sequence whose keys and values are in its blocks already.</param>
/// <param name="Blocks">Ids of the sequence's blocks in order, enough for CachedKeys + QueryCount tokens; further elements are not read.</param>
/// <param name="TailIsStale">Whether the last block holds tokens behind the first CachedKeys that no longer count, as after a truncation.</param>
public readonly record struct PagedSegment(int QueryStart, int QueryCount, int CachedKeys, int[] Blocks, bool TailIsStale)
{
    /// <summary>Keys that the last new token sees.</summary>
    public int KeyCount => CachedKeys + QueryCount;
}

/// <summary>
/// The geometry of attention over keys and values in blocks of a pool (Kwon et al. 2023), the same for every layer of one
/// pass: q rows are [heads × headSize], k and v rows [keyValueHeads × headSize]. A block that the pass writes belongs to one
/// segment alone; full ones may be shared.
/// </summary>
/// <param name="segments">The sequences.</param>
/// <param name="heads">Query heads.</param>
/// <param name="keyValueHeads">Key and value heads; divides <paramref name="heads"/>.</param>
/// <param name="headSize">Elements of a head.</param>
/// <param name="scale">Of the scores.</param>
public sealed class PagedAttentionPlan(PagedSegment[] segments, int heads, int keyValueHeads, int headSize, float scale)
{
    /// <summary>Tokens of a block: a column panel of keys and a depth step of values in every engine's layout.</summary>
    public const int BlockTokens = 32;

    private (int Rows, int Blocks)? _checked;

    public IReadOnlyList<PagedSegment> Segments => segments;

    public int Heads => heads;

    public int KeyValueHeads => keyValueHeads;

    public int HeadSize => headSize;

    public float Scale => scale;

    /// <summary>What a backend worked out for this plan at its first layer.</summary>
    internal object? Prepared { get; set; }

    /// <summary>Blocks that hold <paramref name="tokens"/> tokens.</summary>
    public static int BlocksFor(int tokens) => (tokens + BlockTokens - 1) / BlockTokens;

    /// <summary>Refuses segments outside of the operands, and a written block that another segment reads or writes.</summary>
    /// <param name="rows">Rows of q, k and v.</param>
    /// <param name="blocks">Blocks of the pool.</param>
    /// <exception cref="ArgumentException">The plan does not fit.</exception>
    internal void Check(int rows, int blocks)
    {
        if (_checked == (rows, blocks))
        {
            return;
        }
        var written = new HashSet<int>();
        foreach (PagedSegment segment in segments)
        {
            if (segment.QueryStart < 0 || segment.QueryCount < 0 || segment.CachedKeys < 0 || segment.QueryStart > rows - segment.QueryCount)
            {
                throw new ArgumentException($"paged attention: a segment of {segment.QueryCount} tokens from row {segment.QueryStart} behind {segment.CachedKeys} cached ones lies outside {rows} rows.");
            }
            int needed = BlocksFor(segment.KeyCount);
            if (segment.Blocks.Length < needed)
            {
                throw new ArgumentException($"paged attention: {segment.KeyCount} tokens need {needed} blocks of {BlockTokens}; the sequence has {segment.Blocks.Length}. Give it blocks before the pass.");
            }
            for (int i = 0; i < needed; i++)
            {
                int block = segment.Blocks[i];
                if ((uint)block >= (uint)blocks)
                {
                    throw new ArgumentException($"paged attention: block {block} lies outside a pool of {blocks}.");
                }
                if (segment.QueryCount > 0 && i >= segment.CachedKeys / BlockTokens && !written.Add(block))
                {
                    throw new ArgumentException($"paged attention: two sequences would write block {block}; only full blocks are shared, a partly filled one is copied first.");
                }
            }
        }
        foreach (PagedSegment segment in segments)
        {
            for (int i = 0; i < segment.CachedKeys / BlockTokens; i++)
            {
                if (written.Contains(segment.Blocks[i]))
                {
                    throw new ArgumentException($"paged attention: block {segment.Blocks[i]} is read by one sequence while another writes it; only blocks that are full before the pass are shared.");
                }
            }
        }
        _checked = (rows, blocks);
    }
}
