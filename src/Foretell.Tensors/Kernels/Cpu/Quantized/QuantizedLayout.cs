namespace Foretell.Tensors.Kernels.Cpu.Quantized;

/// <summary>
/// Where things lie in packed quantized operands. Weights [outputs, depth] stand in panels of 16 outputs, each its whole
/// depth in groups of blocks of 32: first the group's scales by output, then vectors of 64 bytes, each four neighbours along
/// depth of all 16 outputs, in the order of GGML's bytes. So a lane of a vector is an output, a lane's sum runs along depth,
/// and one VPDPBUSD takes four products for each of 16 outputs.
/// </summary>
/// <remarks>
/// What lies in memory is read in that order, which processors foresee. Q8_0 and Q4_0, two blocks a group: [block][16] half
/// scales, [block][vectors]; an odd last block stands alone with room for both scales. Q4_K, eight blocks a group: [16] half
/// scales, [16] half minima, then for each pair of blocks [2][16] scales, [2][16] minima, [8 vectors] that both share. Q6_K,
/// eight blocks a group: [16] half scales, 32 unused bytes, then for each four blocks [8][16] scales and, for each of eight
/// quads, a vector of high bits and two of low ones, shared by all four.
/// x [rows, depth] stands in panels of at most <see cref="IQuantizedKernels.MostRows"/> rows; a panel is, block by block of 32: [row][32]
/// signed bytes, [row] scales, then [half or whole][row] starts of the integer sums where levels have a zero (-zero · Σ x), or
/// [row] singles scale · Σ x where groups have minima.
/// </remarks>
internal static class QuantizedLayout
{
    /// <summary>Outputs of a panel of weights: the lanes of a vector.</summary>
    public const int PanelOutputs = 16;

    /// <summary>Rows of a panel of x for the kernels that keep all sums in registers: with two panels of weights they fit.</summary>
    public const int MostRows = 6;

    /// <summary>Numbers along depth that share a scale in x.</summary>
    public const int BlockLength = 32;

    public const int VectorBytes = 64;

    /// <summary>Four neighbours along depth.</summary>
    public const int QuadsPerBlock = BlockLength / 4;

    /// <summary>Blocks of 32 in a group.</summary>
    public static int GroupBlocks(DType type) => type is DType.Q8_0 or DType.Q4_0 ? 2 : 8;

    /// <summary>Blocks whose vectors lie together: loops go unit by unit, since processors foresee what few instructions read at a steady distance.</summary>
    public static int UnitBlocks(DType type) => type == DType.Q6_K ? 4 : 2;

    /// <summary>Bytes in front of a group's units.</summary>
    public static int HeaderBytes(DType type) => GroupBlocks(type) == 2 ? 0 : VectorBytes;

    /// <summary>Bytes of a unit.</summary>
    public static int UnitBytes(DType type) =>
        (GroupBytes(type, GroupBlocks(type)) - HeaderBytes(type)) / (GroupBlocks(type) / UnitBlocks(type));

    /// <summary>Sums of a block that have scales of their own.</summary>
    public static int Parts(DType type) => BlockLength / type.GroupLength();

    /// <summary>Offset, in a super-block's group, of the small scales of a part of a block [16 outputs].</summary>
    public static int SmallScales(DType type, int block, int part) => type == DType.Q4_K
        ? PairStart(block) + block % 2 * PanelOutputs
        : FourStart(block) + (block % 4 * 2 + part) * PanelOutputs;

    /// <summary>Offset, in a group of Q4_K, of the small minima of a block [16 outputs].</summary>
    public static int SmallMinima(int block) => PairStart(block) + (2 + block % 2) * PanelOutputs;

    /// <summary>Offset, in a super-block's group, of the half-precision minima [16 outputs].</summary>
    public const int HalfMinima = 32;

    /// <summary>Bytes of the half-precision scales of 16 outputs.</summary>
    public const int HalfScaleBytes = 32;

    /// <summary>Bytes of a group, or of an odd last block when <paramref name="blocks"/> is 1.</summary>
    public static int GroupBytes(DType type, int blocks) => type switch
    {
        DType.Q8_0 => VectorBytes + blocks * QuadsPerBlock * VectorBytes,
        DType.Q4_0 => VectorBytes + blocks * QuadsPerBlock / 2 * VectorBytes,
        DType.Q4_K => PairStart(8),
        _ => FourStart(8),
    };

    /// <summary>Whole groups of this depth.</summary>
    public static int Groups(DType type, int depth) => depth / BlockLength / GroupBlocks(type);

    /// <summary>Whether an odd block follows the groups.</summary>
    public static bool HasTail(DType type, int depth) => depth / BlockLength % GroupBlocks(type) != 0;

    /// <summary>Bytes of a panel of weights.</summary>
    public static long PanelBytes(DType type, int depth) =>
        (long)Groups(type, depth) * GroupBytes(type, GroupBlocks(type)) + (HasTail(type, depth) ? GroupBytes(type, 1) : 0);

    /// <summary>Offset of the vector that holds a quad of a block, and the bit at which its levels start there.</summary>
    public static (int Offset, int Shift) Vector(DType type, int block, int quad) => type switch
    {
        DType.Q8_0 => ((1 + block * QuadsPerBlock + quad) * VectorBytes, 0),
        DType.Q4_0 => ((1 + block * QuadsPerBlock / 2 + quad % 4) * VectorBytes, quad / 4 * 4),
        DType.Q4_K => (PairStart(block) + (1 + quad) * VectorBytes, block % 2 * 4),
        _ => (FourStart(block) + (2 + 3 * quad + 1 + block % 2) * VectorBytes, block % 4 / 2 * 4),
    };

    /// <summary>For Q6_K: offset of the vector that holds a quad's upper two bits, and the bit at which they start there.</summary>
    public static (int Offset, int Shift) HighVector(int block, int quad) =>
        (FourStart(block) + (2 + 3 * quad) * VectorBytes, block % 4 * 2);

    /// <summary>Where the pair of a block starts in a group of Q4_K.</summary>
    private static int PairStart(int block) => VectorBytes + block / 2 * (1 + QuadsPerBlock) * VectorBytes;

    /// <summary>Where the four of a block start in a group of Q6_K.</summary>
    private static int FourStart(int block) => VectorBytes + block / 4 * (2 + 3 * QuadsPerBlock) * VectorBytes;

    /// <summary>Bytes of one block of one row of x.</summary>
    public static int RowBlockBytes(DType type) => BlockLength + sizeof(float)
        + (type.ZeroLevel() != 0 ? Parts(type) * sizeof(int) : 0) + (type.HasMinimum() ? sizeof(float) : 0);

    /// <summary>Offsets, in a block of a panel of x of so many rows, of the scales and of what follows them.</summary>
    public static (int Scales, int Starts) BlockOffsets(int rows) => (rows * BlockLength, rows * (BlockLength + sizeof(float)));
}
