using System.Runtime.CompilerServices;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// One way to multiply matrices on one thread: a packed layout for each operand and a kernel on packed panels.
/// A left operand is packed in panels of <see cref="RowPanel"/> rows, a right one in panels of
/// <see cref="ColumnPanel"/> columns; a panel holds its whole depth in steps of <see cref="DepthStep"/>, padded with zeros.
/// Every result element is one reduction over depth in an order that the depth index alone decides, whatever rows and
/// columns surround it, so an engine gives the same bits for a row alone and among thousands.
/// </summary>
internal abstract unsafe class MatrixEngine
{
    /// <summary>Columns of a packed right panel.</summary>
    public const int ColumnPanel = 32;

    /// <summary>How many blocks ahead of their use <see cref="MultiplyBlocks"/> fetches.</summary>
    public const int BlocksAhead = 2;

    private const int MostRows = 32;

    /// <summary>What runs, as logs say it: "portable float32".</summary>
    public abstract string Name { get; }

    /// <summary>What operands are rounded to before they are multiplied; sums are always single precision.</summary>
    public abstract DType OperandType { get; }

    /// <summary>Rows of a packed left panel, at most 32.</summary>
    public abstract int RowPanel { get; }

    /// <summary>Depth of one kernel step; depths are padded to a multiple of it.</summary>
    public abstract int DepthStep { get; }

    /// <summary>With at most this many rows the product is bound by memory: the driver then leaves the depth whole.</summary>
    public abstract int FewRows { get; }

    /// <summary>Depth that a kernel call should cover so that its left panel stays in the first-level cache.</summary>
    public abstract int DepthBlock { get; }

    /// <summary>Bytes of right panels that should stay in the second-level cache while left panels pass.</summary>
    public abstract int RightBlockBytes { get; }

    /// <summary>Bytes of one packed element.</summary>
    protected abstract int ElementBytes { get; }

    /// <summary>Depth steps that hold <paramref name="depth"/>.</summary>
    public int Steps(int depth) => (depth + DepthStep - 1) / DepthStep;

    /// <summary>Bytes of a packed left panel of this depth.</summary>
    public long LeftPanelBytes(int depth) => (long)Steps(depth) * DepthStep * RowPanel * ElementBytes;

    /// <summary>Bytes of a packed right panel of this depth.</summary>
    public long RightPanelBytes(int depth) => (long)Steps(depth) * DepthStep * ColumnPanel * ElementBytes;

    /// <summary>Bytes of a packed left operand.</summary>
    public long LeftBytes(int rows, int depth) => (rows + RowPanel - 1) / RowPanel * LeftPanelBytes(depth);

    /// <summary>Bytes of a packed right operand.</summary>
    public long RightBytes(int depth, int columns) => (columns + ColumnPanel - 1) / ColumnPanel * RightPanelBytes(depth);

    /// <summary>Packs a left operand.</summary>
    /// <param name="source">[rows, depth], or [depth, rows] when <paramref name="transposed"/>.</param>
    /// <param name="transposed">Whether the operand is the source's transpose.</param>
    /// <param name="destination"><see cref="LeftBytes"/> bytes, 64-byte aligned. Rows past the last may be left unwritten.</param>
    public abstract void PackLeft(MatrixView source, bool transposed, byte* destination);

    /// <summary>Packs the right panels [<paramref name="firstPanel"/>, <paramref name="endPanel"/>) of an operand.</summary>
    /// <param name="source">The whole operand: [depth, columns], or [columns, depth] when <paramref name="transposed"/>.</param>
    /// <param name="transposed">Whether the operand is the source's transpose.</param>
    /// <param name="firstPanel">The first panel to pack.</param>
    /// <param name="endPanel">One past the last panel to pack.</param>
    /// <param name="destination">The whole packed operand: <see cref="RightBytes"/> bytes, 64-byte aligned.</param>
    public abstract void PackRight(MatrixView source, bool transposed, int firstPanel, int endPanel, byte* destination);

    /// <summary>Overwrites one column of a packed right panel, as packing it would.</summary>
    /// <param name="source">[depth].</param>
    /// <param name="depth">The panel's depth.</param>
    /// <param name="column">In [0, <see cref="ColumnPanel"/>).</param>
    /// <param name="panel">The packed panel.</param>
    public abstract void WriteRightColumn(float* source, int depth, int column, byte* panel);

    /// <summary>Overwrites one depth index of packed right panels, as packing them would.</summary>
    /// <param name="source">[columns].</param>
    /// <param name="columns">Columns of the operand.</param>
    /// <param name="depthIndex">Below the panels' depth.</param>
    /// <param name="panels">The packed panels.</param>
    /// <param name="panelBytes">Bytes from one panel to the next.</param>
    public abstract void WriteRightRow(float* source, int columns, int depthIndex, byte* panels, long panelBytes);

    /// <summary>Packs a whole right operand; see <see cref="PackRight(MatrixView, bool, int, int, byte*)"/>.</summary>
    public void PackRight(MatrixView source, bool transposed, byte* destination)
    {
        int columns = transposed ? source.Rows : source.Columns;
        PackRight(source, transposed, 0, (columns + ColumnPanel - 1) / ColumnPanel, destination);
    }

    /// <summary>result[row, column] = (old or 0) + sum over depth of left[row, k] * right[k, column], on packed operands.</summary>
    /// <param name="left">Packed [rows, depth].</param>
    /// <param name="right">Packed [depth, columns].</param>
    /// <param name="depth">At least 0; at 0 the sum is empty.</param>
    /// <param name="result">[rows, columns] singles.</param>
    /// <param name="stride">Elements between result rows.</param>
    /// <param name="rows">Rows of the result.</param>
    /// <param name="columns">Columns of the result.</param>
    /// <param name="accumulate">Whether to start from what the result holds.</param>
    public void Multiply(byte* left, byte* right, int depth, float* result, long stride, int rows, int columns, bool accumulate)
    {
        if (depth == 0)
        {
            for (int row = 0; row < rows && !accumulate; row++)
            {
                new Span<float>(result + row * stride, columns).Clear();
            }
            return;
        }
        long panelBytes = LeftPanelBytes(depth);
        for (int row = 0; row < rows; row += RowPanel, left += panelBytes)
        {
            MultiplyPanel(left, right, RightPanelBytes(depth), Steps(depth), result + row * stride, stride,
                Math.Min(RowPanel, rows - row), columns, accumulate);
        }
    }

    /// <summary>
    /// One left panel times right panels, over <paramref name="steps"/> depth steps that may be a part of the panels'.
    /// </summary>
    /// <param name="left">The left panel at the first step.</param>
    /// <param name="right">The first right panel at the first step.</param>
    /// <param name="rightPanelBytes">Bytes from one right panel to the next.</param>
    /// <param name="steps">At least 1.</param>
    /// <param name="result">[rows, columns] singles.</param>
    /// <param name="stride">Elements between result rows.</param>
    /// <param name="rows">In [1, <see cref="RowPanel"/>].</param>
    /// <param name="columns">At least 1; a last panel may be partial.</param>
    /// <param name="accumulate">Whether to start from what the result holds.</param>
    [SkipLocalsInit]
    public void MultiplyPanel(byte* left, byte* right, long rightPanelBytes, int steps, float* result, long stride, int rows, int columns, bool accumulate)
    {
        KernelArguments arguments = new()
        {
            Left = left,
            Right = right,
            Result = result,
            RightPanelBytes = rightPanelBytes,
            ResultRowBytes = stride * sizeof(float),
            Steps = steps,
            Panels = columns / ColumnPanel,
            Accumulate = accumulate ? 1 : 0,
        };
        if (arguments.Panels > 0)
        {
            Run(arguments, rows);
        }
        int rest = columns % ColumnPanel;
        if (rest == 0)
        {
            return;
        }
        // The kernels write whole panels: the last, partial one goes through a block of its own.
        float* block = stackalloc float[MostRows * ColumnPanel + 16];
        block = (float*)((nint)block + 63 & ~(nint)63);
        float* edge = result + columns - rest;
        arguments.Right = right + arguments.Panels * rightPanelBytes;
        arguments.Panels = 1;
        arguments.Result = block;
        arguments.ResultRowBytes = ColumnPanel * sizeof(float);
        if (accumulate)
        {
            new Span<float>(block, rows * ColumnPanel).Clear();
            for (int row = 0; row < rows; row++)
            {
                new Span<float>(edge + row * stride, rest).CopyTo(new Span<float>(block + row * ColumnPanel, rest));
            }
        }
        Run(arguments, rows);
        for (int row = 0; row < rows; row++)
        {
            new Span<float>(block + row * ColumnPanel, rest).CopyTo(new Span<float>(edge + row * stride, rest));
        }
    }

    /// <summary>
    /// Products with blocks that lie apart, each as <see cref="MultiplyPanel"/> gives it. Few rows wait for memory: for them
    /// coming blocks are fetched meanwhile. Blocks of one panel at equal distances go in one call.
    /// </summary>
    public virtual void MultiplyBlocks(in BlockProducts products)
    {
        int fetched = BlocksAhead;
        for (int block = 0, run; block < products.Count; block += run)
        {
            run = products.Run(block);
            fetched = products.Fetch(fetched, block + run, FewRows);
            MultiplyRun(products, block, run);
        }
    }

    /// <summary>Blocks [<paramref name="block"/>, <paramref name="block"/> + <paramref name="run"/>) as one product.</summary>
    protected void MultiplyRun(in BlockProducts products, int block, int run)
    {
        long panelBytes = run > 1 ? products.Rights[block + 1] - products.Rights[block] : products.RightPanelBytes;
        MultiplyPanel(products.Left + block * products.LeftBlockBytes, products.Rights[block], panelBytes,
            block + run < products.Count ? products.Steps : products.LastSteps, products.Result + block * products.ResultBlock, products.Stride,
            products.Rows, run * products.Panels * ColumnPanel, products.Continues && block > 0);
    }

    /// <summary>The kernel: a left panel of <paramref name="rows"/> rows times whole right panels.</summary>
    protected abstract void Run(KernelArguments arguments, int rows);
}
