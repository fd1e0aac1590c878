using System.Runtime.Intrinsics;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// Single-precision products in plain .NET vectors, for any processor. Operands meant as bfloat16 are rounded when they
/// are packed and multiplied as singles. The sum is fma(left[m, k], right[k, n], sum) for k = 0, 1, 2, ... in sequence.
/// </summary>
internal sealed unsafe class PortableEngine : MatrixEngine
{
    /// <summary>Rows of a packed left panel.</summary>
    public const int LeftWidth = 8;

    /// <summary>How far ahead, in singles, the few-row kernels ask for the right operand.</summary>
    public const int PrefetchDistance = 512;

    private const long RowDepthBlock = 256;

    private readonly delegate*<KernelArguments, int, void> _run;

    /// <param name="operandType">What operands are rounded to.</param>
    /// <param name="vectorBits">512, 256 or 128; by default the widest that the machine has.</param>
    public PortableEngine(DType operandType, int vectorBits = 0)
    {
        OperandType = operandType;
        VectorBits = vectorBits != 0 ? vectorBits : Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;
        _run = VectorBits switch
        {
            512 => &RunWidest,
            256 => &Run<PortableKernel256>,
            128 => &Run<PortableKernel128>,
            _ => throw new ArgumentException($"Vectors have 128, 256 or 512 bits, not {VectorBits}.", nameof(vectorBits)),
        };
    }

    public int VectorBits { get; }

    public override string Name => OperandType == DType.Float32
        ? $"portable float32 ({VectorBits}-bit vectors)"
        : $"portable float32 on rounded bfloat16 ({VectorBits}-bit vectors)";

    public override DType OperandType { get; }

    public override int RowPanel => LeftWidth;

    public override int DepthStep => 1;

    public override int FewRows => 4;

    public override int DepthBlock => 512;

    public override int RightBlockBytes => 512 << 10;

    protected override int ElementBytes => sizeof(float);

    public override void PackLeft(MatrixView source, bool transposed, byte* destination)
    {
        int rows = transposed ? source.Columns : source.Rows;
        FloatPanels.Pack(source, transposed, LeftWidth, OperandType == DType.BFloat16, 0, (rows + LeftWidth - 1) / LeftWidth, (float*)destination);
    }

    public override void PackRight(MatrixView source, bool transposed, int firstPanel, int endPanel, byte* destination) =>
        FloatPanels.Pack(source, !transposed, ColumnPanel, OperandType == DType.BFloat16, firstPanel, endPanel, (float*)destination);

    public override void WriteRightColumn(float* source, int depth, int column, byte* panel) =>
        FloatPanels.WriteColumn(source, depth, column, ColumnPanel, OperandType == DType.BFloat16, (float*)panel);

    public override void WriteRightRow(float* source, int columns, int depthIndex, byte* panels, long panelBytes) =>
        FloatPanels.WriteRow(source, columns, depthIndex, ColumnPanel, OperandType == DType.BFloat16, (float*)panels, panelBytes / sizeof(float));

    protected override void Run(KernelArguments arguments, int rows) => _run(arguments, rows);

    /// <summary>Blocks of eight rows at full width; fewer rows are better served by blocks of four at half of it.</summary>
    private static void RunWidest(KernelArguments call, int rows)
    {
        if (rows is >= 4 and < LeftWidth)
        {
            Run<PortableKernel256>(call, rows);
        }
        else
        {
            Run<PortableKernel512>(call, rows);
        }
    }

    private static void Run<TKernel>(KernelArguments call, int rows)
        where TKernel : struct, IPortableKernel
    {
        long stride = call.ResultRowBytes / sizeof(float);
        long panelFloats = call.RightPanelBytes / sizeof(float);
        bool accumulate = call.Accumulate != 0;
        float* left = (float*)call.Left;
        float* right = (float*)call.Right;
        int blockRows = rows / TKernel.BlockRows * TKernel.BlockRows;
        for (long panel = 0; panel < call.Panels && blockRows > 0; panel++)
        {
            for (int row = 0; row < blockRows; row += TKernel.BlockRows)
            {
                for (int column = 0; column < ColumnPanel; column += TKernel.BlockColumns)
                {
                    TKernel.Block(left + row, right + panel * panelFloats + column, call.Result + row * stride + panel * ColumnPanel + column,
                        stride, call.Steps, accumulate);
                }
            }
        }
        if (blockRows == rows)
        {
            return;
        }
        long streamPanels = call.Panels / TKernel.Streams;
        for (long panel = 0; panel < streamPanels; panel++)
        {
            // Each row reads the panels again, so depth goes in parts that the caches hold in between.
            for (long k = 0; k < call.Steps; k += RowDepthBlock)
            {
                for (int row = blockRows; row < rows; row++)
                {
                    TKernel.RowOfStreams(left + k * LeftWidth + row, right + panel * panelFloats + k * ColumnPanel, streamPanels * panelFloats,
                        call.Result + row * stride + panel * ColumnPanel, streamPanels * ColumnPanel, Math.Min(RowDepthBlock, call.Steps - k), accumulate || k > 0);
                }
            }
        }
        for (long panel = streamPanels * TKernel.Streams; panel < call.Panels; panel++)
        {
            for (int row = blockRows; row < rows; row++)
            {
                TKernel.Row(left + row, right + panel * panelFloats, 0, call.Result + row * stride + panel * ColumnPanel, 0, call.Steps, accumulate);
            }
        }
    }
}
