namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// One product, to be run rectangle by rectangle. Within a rectangle: row blocks outermost (their left operand packed once),
/// then blocks of right panels that stay in the second-level cache, then depth blocks, then left panels.
/// </summary>
internal sealed unsafe class ProductTask(
    MatrixEngine engine, MatrixView left, bool leftTransposed, byte* right, int depth, MatrixView result, bool accumulate, float* bias)
{
    /// <summary>Bytes of packed left operand that a row block should not exceed.</summary>
    private const long LeftBlockBytes = 4 << 20;

    private const int MostBlockRows = 512;

    private readonly bool _narrow = result.Type == DType.BFloat16;

    /// <summary>Computes the result's rows [row, endRow), columns [column, endColumn); column is on a panel boundary.</summary>
    public void Run(int row, int endRow, int column, int endColumn)
    {
        if (depth == 0)
        {
            Finish(null, 0, row, endRow - row, column, endColumn - column);
            return;
        }
        long leftPanelBytes = engine.LeftPanelBytes(depth);
        int blockPanels = (int)Math.Clamp(LeftBlockBytes / leftPanelBytes, 1, MostBlockRows / engine.RowPanel);
        int blockRows = EvenBlock(endRow - row, blockPanels * engine.RowPanel, engine.RowPanel);
        for (; row < endRow; row += blockRows)
        {
            int rows = Math.Min(blockRows, endRow - row);
            byte* packed = Scratch.Get(Scratch.Purpose.PackedLeft, engine.LeftBytes(rows, depth));
            engine.PackLeft(leftTransposed ? left.Slice(0, depth, row, rows) : left.Slice(row, rows, 0, depth), leftTransposed, packed);
            RunRows(packed, row, rows, column, endColumn);
        }
    }

    private void RunRows(byte* packed, int row, int rows, int column, int endColumn)
    {
        int steps = engine.Steps(depth);
        bool few = rows <= engine.FewRows;
        int blockSteps = few ? steps : EvenBlock(steps, Math.Max(1, engine.DepthBlock / engine.DepthStep), 1);
        long stepPanelBytes = engine.RightPanelBytes(engine.DepthStep);
        int mostPanels = (int)Math.Max(1, engine.RightBlockBytes / (blockSteps * stepPanelBytes));
        int blockColumns = few
            ? endColumn - column
            : EvenBlock(endColumn - column, mostPanels * MatrixEngine.ColumnPanel, MatrixEngine.ColumnPanel);
        bool wholeDepth = blockSteps == steps;
        long sumStride = (blockColumns + MatrixEngine.ColumnPanel - 1) / MatrixEngine.ColumnPanel * MatrixEngine.ColumnPanel + 16;
        byte* sumMemory = _narrow ? Scratch.Get(Scratch.Purpose.Sums, sumStride * (wholeDepth ? engine.RowPanel : rows) * sizeof(float)) : null;
        float* sums = (float*)sumMemory;
        for (; column < endColumn; column += blockColumns)
        {
            int columns = Math.Min(blockColumns, endColumn - column);
            for (int step = 0; step < steps; step += blockSteps)
            {
                int stepCount = Math.Min(blockSteps, steps - step);
                byte* rightBlock = right + column / MatrixEngine.ColumnPanel * engine.RightPanelBytes(depth) + step * stepPanelBytes;
                for (int panelRow = 0; panelRow < rows; panelRow += engine.RowPanel)
                {
                    int panelRows = Math.Min(engine.RowPanel, rows - panelRow);
                    byte* leftPanel = packed + panelRow / engine.RowPanel * engine.LeftPanelBytes(depth) + step * engine.LeftPanelBytes(engine.DepthStep);
                    float* target = _narrow ? sums + (wholeDepth ? 0 : panelRow * sumStride) : (float*)result.At(row + panelRow, column);
                    long stride = _narrow ? sumStride : result.Stride;
                    engine.MultiplyPanel(leftPanel, rightBlock, engine.RightPanelBytes(depth), stepCount, target, stride, panelRows, columns, accumulate || step > 0);
                    if (step + stepCount == steps && (_narrow || bias != null))
                    {
                        Finish(target, stride, row + panelRow, panelRows, column, columns);
                    }
                }
            }
        }
    }

    /// <summary>Adds the bias to finished sums and rounds them where the result is narrow. No sums: the depth is zero.</summary>
    private void Finish(float* sums, long stride, int row, int rows, int column, int columns)
    {
        for (int i = 0; i < rows; i++)
        {
            float* sum = sums + i * stride;
            if (sums == null)
            {
                if (accumulate)
                {
                    return;
                }
                sum = (float*)(_narrow ? Scratch.Get(Scratch.Purpose.Sums, columns * (long)sizeof(float)) : result.At(row + i, column));
                new Span<float>(sum, columns).Clear();
            }
            if (bias != null)
            {
                AddBias(sum, bias + column, columns);
            }
            if (_narrow)
            {
                BFloat16Conversion.Round(sum, (ushort*)result.At(row + i, column), columns);
            }
        }
    }

    private static void AddBias(float* sums, float* bias, int count)
    {
        int i = 0;
        for (; i + System.Numerics.Vector<float>.Count <= count; i += System.Numerics.Vector<float>.Count)
        {
            System.Numerics.Vector.Store(System.Numerics.Vector.Load(sums + i) + System.Numerics.Vector.Load(bias + i), sums + i);
        }
        for (; i < count; i++)
        {
            sums[i] += bias[i];
        }
    }

    /// <summary>The block that cuts <paramref name="count"/> into the fewest blocks of at most <paramref name="most"/>, evenly.</summary>
    private static int EvenBlock(int count, int most, int grain)
    {
        int blocks = (count + most - 1) / most;
        int block = (count + blocks - 1) / blocks;
        return (block + grain - 1) / grain * grain;
    }
}
