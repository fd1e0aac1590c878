using Foretell.Tensors.Kernels;

namespace Foretell.Tensors.Autograd;

/// <content>Attention over cached keys and values.</content>
public sealed partial class Tape
{
    /// <summary>
    /// Writes new tokens' keys and values into their sequences' blocks and attends over all of each sequence's: the bits of
    /// <see cref="Attention"/> over whole sequences. It has no derivative.
    /// </summary>
    /// <param name="q">[tokens, heads × headSize].</param>
    /// <param name="k">[tokens, keyValueHeads × headSize].</param>
    /// <param name="v">[tokens, keyValueHeads × headSize].</param>
    /// <param name="cache">[layers, blocks, integers of a block], written.</param>
    /// <param name="layer">Which layer's blocks.</param>
    /// <param name="plan">Heads and segments.</param>
    /// <returns>[tokens, heads × headSize].</returns>
    /// <exception cref="ArgumentException">Shapes, types or blocks do not fit.</exception>
    public Tensor PagedAttention(Tensor q, Tensor k, Tensor v, Tensor cache, int layer, PagedAttentionPlan plan)
    {
        NeedAlike("paged attention", q, k, v);
        NeedType("paged attention", "the cache", cache, DType.Int32);
        if (Recording && (Wants(q) || Wants(k) || Wants(v)))
        {
            throw new InvalidOperationException("paged attention: what is cached has no derivative; use attention over whole sequences on a tape that records.");
        }
        int rows = q.Shape.RowCount;
        if (plan.KeyValueHeads < 1 || plan.Heads % plan.KeyValueHeads != 0 || q.Shape.Last != plan.Heads * plan.HeadSize
            || k.Shape.Last != plan.KeyValueHeads * plan.HeadSize || k.Shape != v.Shape || k.Shape.RowCount != rows)
        {
            throw new ArgumentException($"paged attention: q {q.Shape}, k {k.Shape}, v {v.Shape} do not fit {plan.Heads} heads over {plan.KeyValueHeads} key-value heads of size {plan.HeadSize}.");
        }
        long blockBytes = Backend.KeyValueBlockBytes(plan.KeyValueHeads, plan.HeadSize, q.Type);
        if (cache.Shape.Rank != 3 || cache.Shape[2] * (long)sizeof(int) != blockBytes || !cache.IsContiguous)
        {
            throw new ArgumentException($"paged attention: a cache {cache.Shape} has not the blocks of {blockBytes} bytes that {plan.KeyValueHeads} key-value heads of size {plan.HeadSize} take on {Device.Name}.");
        }
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)layer, (uint)cache.Shape[0], nameof(layer));
        int blocks = cache.Shape[1];
        plan.Check(rows, blocks);
        Tensor result = New(q.Shape, q.Type);
        Backend.PagedAttention(plan, Rows(q), Rows(k), Rows(v), Rows(cache).RowRange(layer * blocks, blocks), Rows(result));
        return result;
    }
}
