namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// Single-precision products in assembled AVX-512, with the same bits as <see cref="PortableEngine"/>: the sum is
/// fma(left[m, k], right[k, n], sum) for k = 0, 1, 2, ... in sequence.
/// </summary>
/// <param name="operandType">What operands are rounded to; they are multiplied as singles.</param>
internal sealed unsafe class Avx512FloatEngine(DType operandType) : AssembledEngine
{
    public override string Name => operandType == DType.Float32 ? "avx512 float32" : "avx512 float32 on rounded bfloat16";

    public override DType OperandType => operandType;

    public override int RowPanel => Avx512Kernel.FloatPanelRows;

    public override int DepthStep => 1;

    public override int FewRows => 4;

    public override int DepthBlock => 512;

    public override int RightBlockBytes => 512 << 10;

    protected override int ElementBytes => sizeof(float);

    public override void PackLeft(MatrixView source, bool transposed, byte* destination)
    {
        int rows = transposed ? source.Columns : source.Rows;
        FloatPanels.Pack(source, transposed, RowPanel, operandType == DType.BFloat16, 0, (rows + RowPanel - 1) / RowPanel, (float*)destination);
    }

    public override void PackRight(MatrixView source, bool transposed, int firstPanel, int endPanel, byte* destination) =>
        FloatPanels.Pack(source, !transposed, ColumnPanel, operandType == DType.BFloat16, firstPanel, endPanel, (float*)destination);

    public override void MultiplyBlocks(in BlockProducts products) => RunBlocks(products, RowPanel, sizeof(float));

    public override void WriteRightColumn(float* source, int depth, int column, byte* panel) =>
        FloatPanels.WriteColumn(source, depth, column, ColumnPanel, operandType == DType.BFloat16, (float*)panel);

    public override void WriteRightRow(float* source, int columns, int depthIndex, byte* panels, long panelBytes) =>
        FloatPanels.WriteRow(source, columns, depthIndex, ColumnPanel, operandType == DType.BFloat16, (float*)panels, panelBytes / sizeof(float));

    protected override int Streams(int rows) => rows <= 2 ? 4 : rows <= 4 ? 3 : 1;

    protected override ExecutableMemory Assemble(int rows, int streams) => Avx512Kernel.Assemble(bfloat16: false, rows, streams);

    protected override void Run(KernelArguments arguments, int rows) => RunPanels(arguments, rows);
}
