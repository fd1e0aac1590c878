using Foretell.Tensors.Kernels.Cpu.Attention;
using Foretell.Tensors.Kernels.Cpu.Matrix;
using Foretell.Tensors.Kernels.Cpu.Quantized;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Kernels.Cpu;

/// <summary>
/// Every operation on all cores: matrix products by the chosen engine, the others in portable .NET vectors. Work is split
/// by output, by rows or, where rows are added up, by columns; what a thread computes for an element does not depend on
/// where its part begins, so threads never show in the bits. Operands in double precision, and strides that no fast loop
/// fits, go to the reference.
/// </summary>
internal sealed unsafe partial class CpuBackend : ReferenceBackend
{
    /// <summary>Elements below which waking other workers costs more than it gives.</summary>
    private const long DefaultLeastParallelElements = 32 << 10;

    /// <summary>Elements of flat work that one worker takes at least: whole vectors and whole pages.</summary>
    private const int FlatBlock = 4096;

    private readonly WorkerPool _pool;
    private readonly MatrixProduct _product;
    private readonly QuantizedProduct _quantized;
    private readonly KernelSet _kernels;
    private readonly CausalAttention _attention;
    private readonly long _leastParallelElements;

    /// <param name="kernels">Which machine code multiplies matrices; the machine must have it.</param>
    /// <param name="threads">Workers, the caller included; 0 takes one for each core.</param>
    /// <param name="precision">What the operands of matrix products are rounded to: Float32 or BFloat16.</param>
    /// <param name="leastParallelElements">Elements from which on work is shared out; tests lower it.</param>
    public CpuBackend(KernelSet kernels, int threads, DType precision, long leastParallelElements = DefaultLeastParallelElements)
        : base(precision)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        MatrixEngine engine = kernels.CreateEngine(precision);
        _pool = new WorkerPool(threads == 0 ? Environment.ProcessorCount : threads);
        _product = new MatrixProduct(engine, _pool);
        _quantized = new QuantizedProduct(kernels.CreateQuantizedKernels(), _pool);
        _kernels = kernels;
        _attention = new CausalAttention(engine, _pool, leastParallelElements);
        _leastParallelElements = leastParallelElements;
        string operands = precision == DType.Float32 ? "float32" : kernels.HasBFloat16() ? "bfloat16" : "rounded bfloat16";
        Name = $"{kernels.Name()} {operands}";
    }

    /// <inheritdoc/>
    /// <remarks>Names all that the bits depend on, and not the threads, on which they do not.</remarks>
    public override string Name { get; }

    public override string Description => $"{Name}, {_pool.Count} {(_pool.Count == 1 ? "thread" : "threads")}";

    public override int DepthStep => _product.Engine.DepthStep;

    /// <summary>What the engine's instruction reaches on registers alone, on all threads, in operations a second.</summary>
    public double MeasurePeak() => MachinePeak.Measure(_kernels, _product.Engine.OperandType, _pool);

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
