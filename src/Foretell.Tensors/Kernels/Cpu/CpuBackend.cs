using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Kernels.Cpu;

/// <summary>
/// Every operation on all cores in portable .NET vectors. Work is split by output, by rows or, where rows are added up, by
/// columns; what a thread computes for an element does not depend on where its part begins, so threads never show in the
/// bits. Operands in double precision, and strides that no fast loop fits, go to the reference.
/// </summary>
public sealed unsafe partial class CpuBackend : ReferenceBackend
{
    /// <summary>Elements below which waking other workers costs more than it gives.</summary>
    private const long DefaultLeastParallelElements = 32 << 10;

    /// <summary>Elements of flat work that one worker takes at least: whole vectors and whole pages.</summary>
    private const int FlatBlock = 4096;

    private readonly WorkerPool _pool;
    private readonly DType _precision;
    private readonly long _leastParallelElements;

    /// <param name="threads">Workers, the caller included; 0 takes one for each core.</param>
    /// <param name="precision">What the operands of matrix products are rounded to: Float32 or BFloat16.</param>
    public CpuBackend(int threads = 0, DType precision = DType.Float32)
        : this(threads, DefaultLeastParallelElements, precision)
    {
    }

    internal CpuBackend(int threads, long leastParallelElements, DType precision = DType.Float32)
        : base(precision)
    {
        _leastParallelElements = leastParallelElements;
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        _pool = new WorkerPool(threads == 0 ? Environment.ProcessorCount : threads);
        _precision = precision;
    }

    public override string Name => _precision == DType.BFloat16 ? "portable bfloat16" : "portable float32";

    /// <summary>Number of workers.</summary>
    public int Threads => _pool.Count;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _pool.Dispose();
        }
    }

    private static bool IsFast(MatrixView x) => x.Type == DType.Float32;

    /// <summary>Whether the rows lie behind one another without gaps.</summary>
    private static bool IsFlat(MatrixView x) => x.IsNone || x.Rows <= 1 || x.Stride == x.Columns;

    /// <summary>Splits rows among the workers when they hold enough elements.</summary>
    private void ForRows(int rows, long elements, Action<int, int> body) => ForRange(rows, 1, elements, body);

    /// <summary>Splits columns, sixteen at a time.</summary>
    private void ForColumns(int columns, long elements, Action<int, int> body) => ForRange(columns, Lanes.Count, elements, body);

    private void ForRange(int count, int grain, long elements, Action<int, int> body)
    {
        if (elements < _leastParallelElements)
        {
            if (count > 0)
            {
                body(0, count);
            }
            return;
        }
        _pool.For(count, grain, body);
    }

    /// <summary>Splits elements that lie behind one another: body(start, count).</summary>
    private void ForFlat(long elements, Action<long, long> body)
    {
        if (elements < _leastParallelElements)
        {
            if (elements > 0)
            {
                body(0, elements);
            }
            return;
        }
        int blocks = checked((int)((elements + FlatBlock - 1) / FlatBlock));
        _pool.For(blocks, 1, (start, end) => body((long)start * FlatBlock, Math.Min(elements, (long)end * FlatBlock) - (long)start * FlatBlock));
    }

    /// <summary>Element-wise work over matrices of one shape, as one run where all are flat, else row by row: body(row, column, count).</summary>
    private void ForElements(int rows, int columns, bool flat, Action<int, long, long> body)
    {
        long elements = (long)rows * columns;
        if (flat)
        {
            ForFlat(elements, (start, count) => body(0, start, count));
            return;
        }
        ForRows(rows, elements, (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                body(row, 0, columns);
            }
        });
    }
}
