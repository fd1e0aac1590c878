using Foretell.Tensors.Kernels;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Cpu.Attention;
using Foretell.Tensors.Kernels.Cpu.Matrix;
using Foretell.Tensors.Kernels.Reference;
using Foretell.Tensors.Tests.Matrix;

namespace Foretell.Tensors.Tests.Kernels;

/// <summary>
/// Operands of one attention call. q, k and v are column slices of one wider matrix, as a fused projection leaves them;
/// all else has gaps that nobody may write.
/// </summary>
internal sealed unsafe class AttentionCase : IDisposable
{
    private readonly TestMatrix _qkv;

    public AttentionCase(AttentionPlan plan, int seed = 1, float scale = 1)
    {
        Plan = plan;
        int width = plan.Heads * plan.HeadSize;
        int keyWidth = plan.KeyValueHeads * plan.HeadSize;
        int rows = 0;
        foreach (AttentionSegment segment in plan.Segments)
        {
            rows = Math.Max(rows, Math.Max(segment.QueryStart + segment.QueryCount, segment.KeyStart + segment.KeyCount));
        }
        Rows = rows;
        _qkv = TestMatrix.Random(rows, width + 2 * keyWidth, DType.Float32, seed);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < width + keyWidth; column++)
            {
                _qkv[row, column] *= scale;
            }
        }
        Q = _qkv.View.Slice(0, rows, 0, width);
        K = _qkv.View.Slice(0, rows, width, keyWidth);
        V = _qkv.View.Slice(0, rows, width + keyWidth, keyWidth);
        Result = new TestMatrix(rows, width);
        LogSumExp = new TestMatrix(rows, plan.Heads);
        DResult = TestMatrix.Random(rows, width, DType.Float32, seed + 1);
        DQ = new TestMatrix(rows, width);
        DK = new TestMatrix(rows, keyWidth);
        DV = new TestMatrix(rows, keyWidth);
    }

    public AttentionPlan Plan { get; }

    public int Rows { get; }

    public MatrixView Q { get; }

    public MatrixView K { get; }

    public MatrixView V { get; }

    public TestMatrix Result { get; }

    public TestMatrix LogSumExp { get; }

    public TestMatrix DResult { get; }

    public TestMatrix DQ { get; }

    public TestMatrix DK { get; }

    public TestMatrix DV { get; }

    public static AttentionPlan Causal(int heads, int keyValueHeads, int headSize, params AttentionSegment[] segments) =>
        new(segments, heads, keyValueHeads, headSize, 1 / MathF.Sqrt(headSize));

    /// <summary>Segments without cached keys behind one another.</summary>
    public static AttentionSegment[] Packed(params int[] lengths)
    {
        var segments = new AttentionSegment[lengths.Length];
        for (int i = 0, start = 0; i < lengths.Length; start += lengths[i++])
        {
            segments[i] = new AttentionSegment(start, lengths[i], start, lengths[i]);
        }
        return segments;
    }

    public void Forward(MatrixEngine engine, int threads)
    {
        using var pool = new WorkerPool(threads);
        Forward(new CausalAttention(engine, pool, leastParallelWork: 0), Plan);
    }

    public void Forward(CausalAttention attention, AttentionPlan plan) => attention.Forward(plan, Q, K, V, Result.View, LogSumExp.View);

    public void Backward(MatrixEngine engine, int threads)
    {
        using var pool = new WorkerPool(threads);
        new CausalAttention(engine, pool, leastParallelWork: 0)
            .Backward(Plan, Q, K, V, Result.View, LogSumExp.View, DResult.View, DQ.View, DK.View, DV.View);
    }

    /// <summary>What the plain loops make of the same operands in double precision.</summary>
    public (Doubles Result, Doubles LogSumExp, Doubles DQ, Doubles DK, Doubles DV) Reference()
    {
        using Doubles q = new(Q), k = new(K), v = new(V), dResult = new(DResult.View);
        Doubles result = new(Result.View), logSumExp = new(LogSumExp.View), dQ = new(DQ.View), dK = new(DK.View), dV = new(DV.View);
        ReferenceAttention.Forward<double>(Plan, new(q.View), new(k.View), new(v.View), new(result.View), new(logSumExp.View));
        ReferenceAttention.Backward<double>(Plan, new(q.View), new(k.View), new(v.View), new(result.View), new(logSumExp.View), new(dResult.View), new(dQ.View), new(dK.View), new(dV.View));
        return (result, logSumExp, dQ, dK, dV);
    }

    public void AssertPaddingUntouched()
    {
        foreach (TestMatrix matrix in (TestMatrix[])[_qkv, Result, LogSumExp, DResult, DQ, DK, DV])
        {
            matrix.AssertPaddingUntouched();
        }
    }

    public void Dispose()
    {
        foreach (TestMatrix matrix in (TestMatrix[])[_qkv, Result, LogSumExp, DResult, DQ, DK, DV])
        {
            matrix.Dispose();
        }
    }

    /// <summary>A matrix in double precision.</summary>
    internal sealed class Doubles : IDisposable
    {
        private readonly AlignedMemory _memory;

        public Doubles(MatrixView source)
        {
            _memory = new AlignedMemory((long)source.Rows * source.Columns * sizeof(double));
            View = new MatrixView(_memory.Pointer, DType.Float64, source.Rows, source.Columns, source.Columns);
            for (int row = 0; row < source.Rows; row++)
            {
                for (int column = 0; column < source.Columns; column++)
                {
                    View.Row<double>(row)[column] = source.Row<float>(row)[column];
                }
            }
        }

        public MatrixView View { get; }

        public double this[int row, int column] => View.Row<double>(row)[column];

        public void Dispose() => _memory.Dispose();
    }
}
