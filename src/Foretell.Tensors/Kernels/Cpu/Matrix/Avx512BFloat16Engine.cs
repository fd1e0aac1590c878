namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// Products of bfloat16 by AVX-512's dot products of pairs: the sum takes VDPBF16PS for pairs (0, 1), (2, 3), ... of depth in
/// sequence, in single precision, subnormals taken as zero.
/// </summary>
internal sealed unsafe class Avx512BFloat16Engine : AssembledEngine
{
    /// <summary>Rows that one pass of the kernel holds in registers.</summary>
    private const int KernelRows = 8;

    public override string Name => "avx512 bfloat16";

    public override DType OperandType => DType.BFloat16;

    public override int RowPanel => TilePanels.Width;

    public override int DepthStep => TilePanels.DepthStep;

    public override int FewRows => 4;

    public override int DepthBlock => 512;

    public override int RightBlockBytes => 512 << 10;

    protected override int ElementBytes => sizeof(ushort);

    public override void PackLeft(MatrixView source, bool transposed, byte* destination) =>
        TilePanels.PackLeft(source, transposed, destination);

    public override void PackRight(MatrixView source, bool transposed, int firstPanel, int endPanel, byte* destination) =>
        TilePanels.PackRight(source, !transposed, firstPanel, endPanel, destination);

    public override void MultiplyBlocks(in BlockProducts products) => RunBlocks(products, KernelRows, TilePanels.DepthStep * sizeof(ushort));

    public override void WriteRightColumn(float* source, int depth, int column, byte* panel) =>
        TilePanels.WriteRightColumn(source, depth, column, panel);

    public override void WriteRightRow(float* source, int columns, int depthIndex, byte* panels, long panelBytes) =>
        TilePanels.WriteRightRow(source, columns, depthIndex, panels, panelBytes);

    protected override int Streams(int rows) => rows <= 2 ? 4 : rows <= 4 ? 3 : 1;

    protected override ExecutableMemory Assemble(int rows, int streams) => Avx512Kernel.Assemble(bfloat16: true, rows, streams);

    protected override void Run(KernelArguments arguments, int rows)
    {
        for (int row = 0; row < rows; row += KernelRows)
        {
            KernelArguments part = arguments;
            part.Left += row * TilePanels.DepthStep * sizeof(ushort);
            part.Result = (float*)((byte*)part.Result + row * arguments.ResultRowBytes);
            RunPanels(part, Math.Min(KernelRows, rows - row));
        }
    }
}
