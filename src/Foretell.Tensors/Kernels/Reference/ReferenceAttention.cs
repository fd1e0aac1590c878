using System.Numerics;

namespace Foretell.Tensors.Kernels.Reference;

/// <summary>Causal attention in plain loops (Vaswani et al. 2017; grouped queries, Ainslie et al. 2023).</summary>
internal static class ReferenceAttention
{
    public static void Forward<T>(AttentionPlan plan, Rows<T> q, Rows<T> k, Rows<T> v, Rows<T> result, Rows<T> logSumExp)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (AttentionSegment segment in plan.Segments)
        {
            T[] scores = new T[segment.KeyCount];
            for (int head = 0; head < plan.Heads; head++)
            {
                int from = head * plan.HeadSize;
                int kvFrom = head / (plan.Heads / plan.KeyValueHeads) * plan.HeadSize;
                for (int i = 0; i < segment.QueryCount; i++)
                {
                    int row = segment.QueryStart + i;
                    int visible = segment.KeyCount - segment.QueryCount + i + 1;
                    T maximum = T.NegativeInfinity;
                    for (int j = 0; j < visible; j++)
                    {
                        scores[j] = Dot(q, row, from, k, segment.KeyStart + j, kvFrom, plan.HeadSize) * T.CreateTruncating(plan.Scale);
                        maximum = T.Max(maximum, scores[j]);
                    }
                    T sum = T.Zero;
                    for (int j = 0; j < visible; j++)
                    {
                        scores[j] = T.Exp(scores[j] - maximum);
                        sum += scores[j];
                    }
                    logSumExp[row, head] = maximum + T.Log(sum);
                    for (int c = 0; c < plan.HeadSize; c++)
                    {
                        T total = T.Zero;
                        for (int j = 0; j < visible; j++)
                        {
                            total += scores[j] * v[segment.KeyStart + j, kvFrom + c];
                        }
                        result[row, from + c] = total / sum;
                    }
                }
            }
        }
    }

    public static void Backward<T>(AttentionPlan plan, Rows<T> q, Rows<T> k, Rows<T> v, Rows<T> result, Rows<T> logSumExp, Rows<T> dResult, Rows<T> dQ, Rows<T> dK, Rows<T> dV)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T scale = T.CreateTruncating(plan.Scale);
        foreach (AttentionSegment segment in plan.Segments)
        {
            Zero(dQ, segment.QueryStart, segment.QueryCount);
            Zero(dK, segment.KeyStart, segment.KeyCount);
            Zero(dV, segment.KeyStart, segment.KeyCount);
            for (int head = 0; head < plan.Heads; head++)
            {
                int from = head * plan.HeadSize;
                int kvFrom = head / (plan.Heads / plan.KeyValueHeads) * plan.HeadSize;
                for (int i = 0; i < segment.QueryCount; i++)
                {
                    int row = segment.QueryStart + i;
                    int visible = segment.KeyCount - segment.QueryCount + i + 1;
                    T agreement = Dot(dResult, row, from, result, row, from, plan.HeadSize);
                    for (int j = 0; j < visible; j++)
                    {
                        int key = segment.KeyStart + j;
                        T p = T.Exp(Dot(q, row, from, k, key, kvFrom, plan.HeadSize) * scale - logSumExp[row, head]);
                        T dP = Dot(dResult, row, from, v, key, kvFrom, plan.HeadSize);
                        T dScore = p * (dP - agreement) * scale;
                        for (int c = 0; c < plan.HeadSize; c++)
                        {
                            dV[key, kvFrom + c] += p * dResult[row, from + c];
                            dQ[row, from + c] += dScore * k[key, kvFrom + c];
                            dK[key, kvFrom + c] += dScore * q[row, from + c];
                        }
                    }
                }
            }
        }
    }

    private static T Dot<T>(Rows<T> a, int aRow, int aFrom, Rows<T> b, int bRow, int bFrom, int length)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T sum = T.Zero;
        for (int c = 0; c < length; c++)
        {
            sum = T.FusedMultiplyAdd(a[aRow, aFrom + c], b[bRow, bFrom + c], sum);
        }
        return sum;
    }

    private static void Zero<T>(Rows<T> x, int start, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int row = start; row < start + count; row++)
        {
            for (int c = 0; c < x.Columns; c++)
            {
                x[row, c] = T.Zero;
            }
        }
    }
}
