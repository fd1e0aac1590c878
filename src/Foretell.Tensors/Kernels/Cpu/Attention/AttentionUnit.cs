namespace Foretell.Tensors.Kernels.Cpu.Attention;

/// <summary>
/// One key/value head of one segment, with all query heads that share it: a problem of its own. Its keys are counted from
/// the segment's first, so that nothing around the segment shows in its bits.
/// </summary>
internal readonly record struct AttentionUnit(AttentionSegment Segment, int KeyValueHead)
{
    /// <summary>Keys before the first query's own.</summary>
    public int CachedKeys => Segment.KeyCount - Segment.QueryCount;

    /// <summary>Pairs of a query and a key that it sees, of one query head.</summary>
    public long Pairs => PairsUpTo(Segment.QueryCount);

    /// <summary>The pairs of the first <paramref name="queries"/> queries.</summary>
    public long PairsUpTo(int queries) => (long)queries * CachedKeys + queries * (queries + 1L) / 2;

    /// <summary>Every unit of a plan that has something to compute.</summary>
    public static AttentionUnit[] Of(AttentionPlan plan)
    {
        var units = new List<AttentionUnit>(plan.Segments.Count * plan.KeyValueHeads);
        foreach (AttentionSegment segment in plan.Segments)
        {
            for (int head = 0; head < plan.KeyValueHeads && segment.QueryCount > 0; head++)
            {
                units.Add(new AttentionUnit(segment, head));
            }
        }
        return [.. units];
    }
}
