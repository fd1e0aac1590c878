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
}
