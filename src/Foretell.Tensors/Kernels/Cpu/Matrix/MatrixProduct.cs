namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// Matrix products on all workers. Work is split by output: each worker owns a rectangle of the result, packs the rows of
/// the left operand that it needs and runs the engine over blocks that fit its caches. The result's bits depend on neither
/// the split nor the blocks.
/// </summary>
internal sealed unsafe class MatrixProduct(MatrixEngine engine, WorkerPool pool)
{
    /// <summary>Multiplications below which waking other workers costs more than it gives.</summary>
    private const long LeastParallelWork = 64 << 10;

    public MatrixEngine Engine => engine;

    /// <summary>Packs a right operand for many products.</summary>
    /// <param name="source">[depth, columns], or [columns, depth] when <paramref name="transposed"/>.</param>
    /// <param name="transposed">Whether the operand is the source's transpose.</param>
    public PackedRight Pack(MatrixView source, bool transposed)
    {
        var packed = new PackedRight(engine, transposed ? source.Columns : source.Rows, transposed ? source.Rows : source.Columns);
        packed.Pack(source, transposed, pool);
        return packed;
    }

    /// <summary>result = left * right (+ bias), or result += left * right.</summary>
    /// <param name="left">[rows, depth], or [depth, rows] when <paramref name="leftTransposed"/>.</param>
    /// <param name="leftTransposed">Whether the left operand is the view's transpose.</param>
    /// <param name="right">[depth, columns], packed for this engine.</param>
    /// <param name="result">[rows, columns]; when BFloat16, each element is rounded once from the finished sum.</param>
    /// <param name="accumulate">Whether the sums start at the result's old elements; only for Float32 results and without bias.</param>
    /// <param name="bias">[columns], added to the finished sum, or null.</param>
    public void Multiply(MatrixView left, bool leftTransposed, PackedRight right, MatrixView result, bool accumulate = false, float* bias = null)
    {
        if (right.Engine != engine)
        {
            throw new ArgumentException($"The right operand was packed for '{right.Engine.Name}'; this product runs on '{engine.Name}'.", nameof(right));
        }
        Multiply(left, leftTransposed, right.Pointer, right.Depth, right.Columns, result, accumulate, bias);
    }

    /// <summary>The same with a right operand that is used once, as in a weight's gradient: it is packed into scratch first.</summary>
    /// <param name="left">[rows, depth], or [depth, rows] when <paramref name="leftTransposed"/>.</param>
    /// <param name="leftTransposed">Whether the left operand is the view's transpose.</param>
    /// <param name="right">[depth, columns], or [columns, depth] when <paramref name="rightTransposed"/>.</param>
    /// <param name="rightTransposed">Whether the right operand is the view's transpose.</param>
    /// <param name="result">[rows, columns]; when BFloat16, each element is rounded once from the finished sum.</param>
    /// <param name="accumulate">Whether the sums start at the result's old elements; only for Float32 results and without bias.</param>
    /// <param name="bias">[columns], added to the finished sum, or null.</param>
    public void Multiply(MatrixView left, bool leftTransposed, MatrixView right, bool rightTransposed, MatrixView result, bool accumulate = false, float* bias = null)
    {
        (int depth, int columns) = rightTransposed ? (right.Columns, right.Rows) : (right.Rows, right.Columns);
        byte* packed = Scratch.Get(Scratch.Purpose.PackedRight, engine.RightBytes(depth, columns));
        PackRight(engine, pool, right, rightTransposed, packed);
        Multiply(left, leftTransposed, packed, depth, columns, result, accumulate, bias);
    }

    /// <summary>Packs a right operand, its panels shared out among the workers.</summary>
    internal static void PackRight(MatrixEngine engine, WorkerPool pool, MatrixView source, bool transposed, byte* destination)
    {
        if (source.IsEmpty)
        {
            return;
        }
        int panels = ((transposed ? source.Rows : source.Columns) + MatrixEngine.ColumnPanel - 1) / MatrixEngine.ColumnPanel;
        if ((long)source.Rows * source.Columns < LeastParallelWork)
        {
            engine.PackRight(source, transposed, 0, panels, destination);
            return;
        }
        pool.For(panels, 1, (first, end) => engine.PackRight(source, transposed, first, end, destination));
    }

    private void Multiply(MatrixView left, bool leftTransposed, byte* right, int depth, int columns, MatrixView result, bool accumulate, float* bias)
    {
        (int rows, int leftDepth) = leftTransposed ? (left.Columns, left.Rows) : (left.Rows, left.Columns);
        if (leftDepth != depth || result.Rows != rows || result.Columns != columns)
        {
            throw new ArgumentException(
                $"A product of [{rows}, {leftDepth}] and [{depth}, {columns}] into [{result.Rows}, {result.Columns}] has no meaning: the depths and the result's shape must match.");
        }
        if (accumulate && (result.Type == DType.BFloat16 || bias != null))
        {
            throw new ArgumentException("A product accumulates only into a Float32 result and without a bias.");
        }
        if (rows == 0 || columns == 0)
        {
            return;
        }
        var task = new ProductTask(engine, left, leftTransposed, right, depth, result, accumulate, bias);
        if (pool.Count == 1 || (long)rows * columns * depth < LeastParallelWork)
        {
            task.Run(0, rows, 0, columns);
            return;
        }
        var split = WorkSplit.Of(rows, engine.RowPanel, columns, MatrixEngine.ColumnPanel, pool.Count);
        pool.Run(worker =>
        {
            (int row, int endRow, int column, int endColumn) = split.Part(worker);
            if (row < endRow && column < endColumn)
            {
                task.Run(row, endRow, column, endColumn);
            }
        });
    }
}
