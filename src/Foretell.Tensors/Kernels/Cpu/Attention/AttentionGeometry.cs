using System.Runtime.Intrinsics.X86;
using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Kernels.Cpu.Attention;

/// <summary>Sizes that both passes share, and the operands of a unit in an engine's layout.</summary>
internal sealed unsafe class AttentionGeometry(MatrixEngine engine, AttentionPlan plan)
{
    /// <summary>Singles added to row strides, which would otherwise often be multiples of a page and fight for the same cache lines.</summary>
    private const int StridePadding = 16;

    private const int CacheLine = 64;

    /// <summary>More than this would push itself out of the second-level cache again.</summary>
    private const int PrefetchBytes = 128 << 10;

    public MatrixEngine Engine => engine;

    public AttentionPlan Plan => plan;

    public int HeadSize => plan.HeadSize;

    /// <summary>Query heads that share a key/value head.</summary>
    public int Group => plan.Heads / plan.KeyValueHeads;

    /// <summary>The head size in whole panels: the columns of results in scratch.</summary>
    public int PaddedHeadSize => WholePanels(plan.HeadSize);

    /// <summary>Whether scratch that only awaits packing is kept in bfloat16.</summary>
    public bool Narrow => engine.OperandType == DType.BFloat16;

    /// <summary>Rows of weights or of scores' gradients in scratch; narrow ones fill the first halves of their rows.</summary>
    public MatrixView Weights(float* scratch, int rows, int columns, int stride) => Narrow
        ? new MatrixView(scratch, DType.BFloat16, rows, columns, 2L * stride)
        : new MatrixView(scratch, DType.Float32, rows, columns, stride);

    /// <summary>Bytes of keys or values as the right operand [headSize, keys].</summary>
    public long TransposedBytes(int keys) => engine.RightBytes(plan.HeadSize, keys);

    /// <summary>Bytes of keys or values as the right operand [keys, headSize].</summary>
    public long StraightBytes(int keys) => engine.RightBytes(keys, plan.HeadSize);

    public static int WholePanels(int columns) => (columns + MatrixEngine.ColumnPanel - 1) / MatrixEngine.ColumnPanel * MatrixEngine.ColumnPanel;

    /// <summary>The row stride of a scratch matrix of this many columns.</summary>
    public static int Stride(int columns) => WholePanels(columns) + StridePadding;

    /// <summary>The unit's part of k, v or one of their gradients: [keys, headSize].</summary>
    public MatrixView Keys(MatrixView source, AttentionUnit unit) =>
        source.Slice(unit.Segment.KeyStart, unit.Segment.KeyCount, unit.KeyValueHead * plan.HeadSize, plan.HeadSize);

    /// <summary>Query rows of one head of the unit's group, in q, result or one of their gradients: [count, headSize].</summary>
    public MatrixView Queries(MatrixView source, AttentionUnit unit, int headOfGroup, int first, int count) =>
        source.Slice(unit.Segment.QueryStart + first, count, (unit.KeyValueHead * Group + headOfGroup) * plan.HeadSize, plan.HeadSize);

    /// <summary>
    /// Asks for a head's rows before they are used. A head is a narrow column of wide rows, which the processor does not
    /// foresee by itself.
    /// </summary>
    public static void Prefetch(MatrixView rows)
    {
        if (!Sse.IsSupported || (long)rows.Rows * rows.Columns * sizeof(float) > PrefetchBytes)
        {
            return;
        }
        for (int row = 0; row < rows.Rows; row++)
        {
            byte* line = rows.At(row, 0);
            byte* end = line + rows.Columns * sizeof(float);
            for (; line < end; line += CacheLine)
            {
                Sse.Prefetch1(line);
            }
        }
    }

    /// <summary>result [rows, columns] = left × the first columns of a right operand; columns are rounded up to whole panels.</summary>
    /// <param name="left">One packed left panel.</param>
    /// <param name="right">Packed [<paramref name="packedDepth"/>, ...].</param>
    /// <param name="packedDepth">The depth that the right operand was packed with.</param>
    /// <param name="depth">The depth to sum over, from 0.</param>
    /// <param name="result">The scratch's first element.</param>
    /// <param name="stride">Its row stride.</param>
    /// <param name="rows">At most the engine's row panel.</param>
    /// <param name="columns">Of the result.</param>
    public void Multiply(byte* left, byte* right, int packedDepth, int depth, float* result, int stride, int rows, int columns) =>
        engine.MultiplyPanel(left, right, engine.RightPanelBytes(packedDepth), engine.Steps(depth), result, stride, rows, WholePanels(columns), accumulate: false);
}
