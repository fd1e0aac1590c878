using Foretell.Tensors.Kernels.Cpu.Attention;

namespace Foretell.Tensors.Kernels.Cpu;

/// <content>Causal attention on the chosen engine.</content>
internal sealed unsafe partial class CpuBackend
{
    public override void Attention(AttentionPlan plan, MatrixView q, MatrixView k, MatrixView v, MatrixView result, MatrixView logSumExp)
    {
        if (!IsFast(q) || !IsFast(k) || !IsFast(v) || !IsFast(result))
        {
            base.Attention(plan, q, k, v, result, logSumExp);
            return;
        }
        _attention.Forward(plan, q, k, v, result, logSumExp);
    }

    public override void AttentionBackward(AttentionPlan plan, MatrixView q, MatrixView k, MatrixView v, MatrixView result, MatrixView logSumExp, MatrixView dResult, MatrixView dQ, MatrixView dK, MatrixView dV)
    {
        if (!IsFast(q) || !IsFast(k) || !IsFast(v) || !IsFast(dResult))
        {
            base.AttentionBackward(plan, q, k, v, result, logSumExp, dResult, dQ, dK, dV);
            return;
        }
        _attention.Backward(plan, q, k, v, result, logSumExp, dResult, dQ, dK, dV);
    }

    public override long KeyValueBlockBytes(int keyValueHeads, int headSize, DType type) => type == DType.Float32
        ? PagedBlock.Bytes(_product.Engine, keyValueHeads, headSize)
        : base.KeyValueBlockBytes(keyValueHeads, headSize, type);

    public override void PagedAttention(PagedAttentionPlan plan, MatrixView q, MatrixView k, MatrixView v, MatrixView cache, MatrixView result)
    {
        if (!IsFast(q))
        {
            base.PagedAttention(plan, q, k, v, cache, result);
            return;
        }
        if (plan.Prepared is not PagedAttention prepared || !prepared.RunsOn(_product.Engine, _pool))
        {
            prepared = new PagedAttention(_product.Engine, _pool, plan, _leastParallelElements);
            plan.Prepared = prepared;
        }
        prepared.Run(q, k, v, cache, result);
    }
}
