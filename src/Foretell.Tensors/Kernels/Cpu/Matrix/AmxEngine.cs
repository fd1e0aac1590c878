namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// Products of bfloat16 by AMX tiles: the sum takes TDPBF16PS for depths [0, 32), [32, 64), ... in sequence, in single
/// precision, subnormals taken as zero.
/// </summary>
internal unsafe class AmxEngine : AssembledEngine
{
    private const int TileRows = 16;
    private const int ConfigurationBytes = 64;

    private readonly AlignedMemory _configurations = new((TilePanels.Width + 1) * ConfigurationBytes);

    public AmxEngine()
    {
        for (int rows = 1; rows <= TilePanels.Width; rows++)
        {
            AmxKernel.WriteConfiguration(rows, new Span<byte>(Configuration(rows), ConfigurationBytes));
        }
    }

    public override string Name => "amx bfloat16";

    public override DType OperandType => DType.BFloat16;

    public override int RowPanel => TilePanels.Width;

    public override int DepthStep => TilePanels.DepthStep;

    public override int FewRows => TileRows;

    public override int DepthBlock => 768;

    public override int RightBlockBytes => 1200 << 10;

    protected override int ElementBytes => sizeof(ushort);

    public override void PackLeft(MatrixView source, bool transposed, byte* destination) =>
        TilePanels.PackLeft(source, transposed, destination);

    public override void PackRight(MatrixView source, bool transposed, int firstPanel, int endPanel, byte* destination) =>
        TilePanels.PackRight(source, !transposed, firstPanel, endPanel, destination);

    public override void WriteRightColumn(float* source, int depth, int column, byte* panel) =>
        TilePanels.WriteRightColumn(source, depth, column, panel);

    public override void WriteRightRow(float* source, int columns, int depthIndex, byte* panels, long panelBytes) =>
        TilePanels.WriteRightRow(source, columns, depthIndex, panels, panelBytes);

    protected override int Streams(int rows) => rows <= TileRows ? AmxKernel.MostStreams : 1;

    protected override ExecutableMemory Assemble(int rows, int streams) =>
        rows > TileRows ? AmxKernel.TwoRowTiles() : AmxKernel.OneRowTile(streams);

    protected override void Run(KernelArguments arguments, int rows)
    {
        arguments.TileConfiguration = Configuration(rows);
        // Tile shapes are configured at each call, so one kernel serves every number of rows that its tiles hold.
        RunPanels(arguments, rows > TileRows ? TilePanels.Width : TileRows);
    }

    private byte* Configuration(int rows) => _configurations.Pointer + rows * ConfigurationBytes;
}
