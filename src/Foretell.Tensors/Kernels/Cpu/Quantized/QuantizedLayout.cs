namespace Foretell.Tensors.Kernels.Cpu.Quantized;

/// <summary>
/// Where things lie in packed quantized operands. Weights [outputs, depth] stand in panels of 16 outputs, each its whole
/// depth in groups of blocks of 32: first the group's scales by output, then vectors of 64 bytes, each four neighbours along
/// depth of all 16 outputs, in the order of GGML's bytes. So a lane of a vector is an output, a lane's sum runs along depth,
/// and one VPDPBUSD takes four products for each of 16 outputs.
/// </summary>
/// <remarks>
/// Q8_0 and Q4_0, two blocks a group: [block][16] half scales, [block][vectors]; an odd last block stands alone with room
/// for both scales. Q4_K: [16] half scales, [16] half minima, [8][16] scales, [8][16] minima, [32 vectors]. Q6_K: [16] half
/// scales, 32 unused bytes, [16][16] scales, [32 vectors] of low bits, [16 vectors] of high bits.
/// x [rows, depth] stands in panels of at most <see cref="MostRows"/> rows; a panel is, block by block of 32: [row][32]
/// signed bytes, [row] scales, then [half or whole][row] starts of the integer sums where levels have a zero (-zero · Σ x), or
/// [row] singles scale · Σ x where groups have minima.
/// </remarks>
internal static class QuantizedLayout
{
    /// <summary>Outputs of a panel of weights: the lanes of a vector.</summary>
    public const int PanelOutputs = 16;

    /// <summary>Rows of a panel of x: with two panels of weights, all sums fit the registers.</summary>
    public const int MostRows = 6;

    /// <summary>Numbers along depth that share a scale in x.</summary>
    public const int BlockLength = 32;

    public const int VectorBytes = 64;

    /// <summary>Four neighbours along depth.</summary>
    public const int QuadsPerBlock = BlockLength / 4;

    /// <summary>Blocks of 32 in a group.</summary>
    public static int GroupBlocks(DType type) => type is DType.Q8_0 or DType.Q4_0 ? 2 : 8;

    /// <summary>Sums of a block that have scales of their own.</summary>
    public static int Parts(DType type) => BlockLength / type.GroupLength();

    /// <summary>Offset of a group's first vector.</summary>
    public static int FirstVector(DType type) => type is DType.Q8_0 or DType.Q4_0 ? 64 : 320;

    /// <summary>Offset, in a super-block's group, of the small scales [part][16 outputs].</summary>
    public const int SmallScales = 64;

    /// <summary>Offset, in a group of Q4_K, of the small minima [block][16 outputs].</summary>
    public const int SmallMinima = 192;

    /// <summary>Offset, in a super-block's group, of the half-precision minima [16 outputs].</summary>
    public const int HalfMinima = 32;

    /// <summary>Bytes of the half-precision scales of 16 outputs.</summary>
    public const int HalfScaleBytes = 32;

    /// <summary>Bytes of a group, or of an odd last block when <paramref name="blocks"/> is 1.</summary>
    public static int GroupBytes(DType type, int blocks) => FirstVector(type) + type switch
    {
        DType.Q8_0 => blocks * QuadsPerBlock * VectorBytes,
        DType.Q4_0 or DType.Q4_K => blocks * QuadsPerBlock / 2 * VectorBytes,
        _ => blocks * QuadsPerBlock * 3 / 4 * VectorBytes,
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
        DType.Q8_0 => (FirstVector(type) + (block * QuadsPerBlock + quad) * VectorBytes, 0),
        DType.Q4_0 => (FirstVector(type) + (block * QuadsPerBlock / 2 + quad % 4) * VectorBytes, quad / 4 * 4),
        DType.Q4_K => (FirstVector(type) + (block / 2 * QuadsPerBlock + quad) * VectorBytes, block % 2 * 4),
        _ => (FirstVector(type) + (block / 4 * 16 + block % 2 * QuadsPerBlock + quad) * VectorBytes, block % 4 / 2 * 4),
    };

    /// <summary>For Q6_K: offset of the vector that holds a quad's upper two bits, and the bit at which they start there.</summary>
    public static (int Offset, int Shift) HighVector(int block, int quad) =>
        (FirstVector(DType.Q6_K) + (32 + block / 4 * QuadsPerBlock + quad) * VectorBytes, block % 4 * 2);

    /// <summary>Bytes of one block of one row of x.</summary>
    public static int RowBlockBytes(DType type) => BlockLength + sizeof(float)
        + (type.ZeroLevel() != 0 ? Parts(type) * sizeof(int) : 0) + (type.HasMinimum() ? sizeof(float) : 0);

    /// <summary>Offsets, in a block of a panel of x of so many rows, of the scales and of what follows them.</summary>
    public static (int Scales, int Starts) BlockOffsets(int rows) => (rows * BlockLength, rows * (BlockLength + sizeof(float)));
}
