using System.Numerics;

namespace Foretell.Tensors.Kernels.Reference;

/// <content>Keys and values in blocks: each head of a block holds its tokens' keys, then their values, as plain rows.</content>
public unsafe partial class ReferenceBackend
{
    public virtual long KeyValueBlockBytes(int keyValueHeads, int headSize, DType type) =>
        (type.Bytes(2L * PagedAttentionPlan.BlockTokens * keyValueHeads * headSize) + 63) / 64 * 64;

    public virtual void PagedAttention(PagedAttentionPlan plan, MatrixView q, MatrixView k, MatrixView v, MatrixView cache, MatrixView result)
    {
        if (q.Type == DType.Float64)
        {
            PagedAttention<double>(plan, q, k, v, cache, result);
        }
        else
        {
            PagedAttention<float>(plan, q, k, v, cache, result);
        }
    }

    /// <summary>Writes the new rows, reads each sequence back as plain rows and attends over those.</summary>
    private static void PagedAttention<T>(PagedAttentionPlan plan, MatrixView q, MatrixView k, MatrixView v, MatrixView cache, MatrixView result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int width = plan.KeyValueHeads * plan.HeadSize;
        foreach (PagedSegment segment in plan.Segments)
        {
            for (int i = 0; i < segment.QueryCount; i++)
            {
                for (int column = 0; column < width; column++)
                {
                    *Element<T>(plan, segment, cache, segment.CachedKeys + i, column, isValue: false) = k.Row<T>(segment.QueryStart + i)[column];
                    *Element<T>(plan, segment, cache, segment.CachedKeys + i, column, isValue: true) = v.Row<T>(segment.QueryStart + i)[column];
                }
            }
        }
        foreach (PagedSegment segment in plan.Segments)
        {
            T[] keys = new T[segment.KeyCount * (long)width];
            T[] values = new T[segment.KeyCount * (long)width];
            for (int i = 0; i < segment.KeyCount; i++)
            {
                for (int column = 0; column < width; column++)
                {
                    keys[(long)i * width + column] = *Element<T>(plan, segment, cache, i, column, isValue: false);
                    values[(long)i * width + column] = *Element<T>(plan, segment, cache, i, column, isValue: true);
                }
            }
            var whole = new AttentionPlan([new AttentionSegment(segment.QueryStart, segment.QueryCount, 0, segment.KeyCount)], plan.Heads, plan.KeyValueHeads, plan.HeadSize, plan.Scale);
            T[] normalisers = new T[q.Rows * (long)plan.Heads];
            fixed (T* keyRows = keys, valueRows = values, logSumExp = normalisers)
            {
                ReferenceAttention.Forward<T>(whole, new(q), new(new MatrixView(keyRows, q.Type, segment.KeyCount, width, width)),
                    new(new MatrixView(valueRows, q.Type, segment.KeyCount, width, width)), new(result), new(new MatrixView(logSumExp, q.Type, q.Rows, plan.Heads, plan.Heads)));
            }
        }
    }

    private static T* Element<T>(PagedAttentionPlan plan, PagedSegment segment, MatrixView cache, int token, int column, bool isValue)
        where T : unmanaged
    {
        (int head, int place) = Math.DivRem(column, plan.HeadSize);
        int row = (2 * head + (isValue ? 1 : 0)) * PagedAttentionPlan.BlockTokens + token % PagedAttentionPlan.BlockTokens;
        return (T*)cache.At(segment.Blocks[token / PagedAttentionPlan.BlockTokens], 0) + (long)row * plan.HeadSize + place;
    }
}
