using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// The packed layout of bfloat16 operands, which tile products prescribe: panels of 32 rows or columns, in depth steps of
/// 32, each step two tiles of 1 KiB. A left step is [2][16 rows][32 depth], a right step [2][16 depth pairs][16 columns][2].
/// "Breadth" is the operand's dimension that is not depth.
/// </summary>
internal static unsafe class TilePanels
{
    public const int Width = 32;
    public const int DepthStep = 32;

    /// <summary>Bytes of one depth step of one panel.</summary>
    public const int StepBytes = Width * DepthStep * sizeof(ushort);

    private const int TileBytes = StepBytes / 2;

    private static readonly Vector512<ushort> s_lowPairs = PairIndices(0);
    private static readonly Vector512<ushort> s_highPairs = PairIndices(16);

    /// <summary>Packs a left operand: [rows, depth], or [depth, rows] when <paramref name="depthMajor"/>.</summary>
    public static void PackLeft(MatrixView source, bool depthMajor, byte* destination)
    {
        int rows = depthMajor ? source.Columns : source.Rows;
        Pack(source, depthMajor, isLeft: true, 0, (rows + Width - 1) / Width, destination);
    }

    /// <summary>Packs right panels: of [depth, columns] when <paramref name="depthMajor"/>, else of [columns, depth].</summary>
    public static void PackRight(MatrixView source, bool depthMajor, int firstPanel, int endPanel, byte* destination) =>
        Pack(source, depthMajor, isLeft: false, firstPanel, endPanel, destination);

    /// <summary>Overwrites one column of one right panel.</summary>
    [SkipLocalsInit]
    public static void WriteRightColumn(float* source, int depth, int column, byte* panel)
    {
        ushort* rounded = stackalloc ushort[DepthStep];
        var pairs = (uint*)(panel + column / 16 * TileBytes) + column % 16;
        for (int first = 0; first < depth; first += DepthStep, pairs += StepBytes / sizeof(uint))
        {
            int count = Math.Min(DepthStep, depth - first);
            BFloat16Conversion.Round(source + first, rounded, count);
            if (count % 2 == 1)
            {
                rounded[count] = 0;
            }
            for (int pair = 0; 2 * pair < count; pair++)
            {
                pairs[pair * 16] = ((uint*)rounded)[pair];
            }
        }
    }

    /// <summary>Overwrites one depth index of the right panels that hold <paramref name="columns"/> columns.</summary>
    [SkipLocalsInit]
    public static void WriteRightRow(float* source, int columns, int depthIndex, byte* panels, long panelBytes)
    {
        ushort* rounded = stackalloc ushort[Width];
        long row = (long)depthIndex / DepthStep * StepBytes + depthIndex % DepthStep / 2 * 64;
        for (int first = 0; first < columns; first += Width, panels += panelBytes)
        {
            int count = Math.Min(Width, columns - first);
            BFloat16Conversion.Round(source + first, rounded, count);
            for (int column = 0; column < count; column++)
            {
                var pair = (ushort*)(panels + row + column / 16 * TileBytes) + column % 16 * 2;
                pair[depthIndex % 2] = rounded[column];
            }
        }
    }

    private static void Pack(MatrixView source, bool depthMajor, bool isLeft, int firstPanel, int endPanel, byte* destination)
    {
        int depth = depthMajor ? source.Rows : source.Columns;
        int steps = (depth + DepthStep - 1) / DepthStep;
        if (depthMajor)
        {
            // The inner loop follows the source's rows, so that reading is sequential.
            for (int step = 0; step < steps; step++)
            {
                for (int panel = firstPanel; panel < endPanel; panel++)
                {
                    PackStep(source, depthMajor, isLeft, panel, step, destination + ((long)panel * steps + step) * StepBytes);
                }
            }
            return;
        }
        for (int panel = firstPanel; panel < endPanel; panel++)
        {
            for (int step = 0; step < steps; step++)
            {
                PackStep(source, depthMajor, isLeft, panel, step, destination + ((long)panel * steps + step) * StepBytes);
            }
        }
    }

    [SkipLocalsInit]
    private static void PackStep(MatrixView source, bool depthMajor, bool isLeft, int panel, int step, byte* destination)
    {
        int row = depthMajor ? step * DepthStep : panel * Width;
        int column = depthMajor ? panel * Width : step * DepthStep;
        int rows = Math.Min(32, source.Rows - row);
        int columns = Math.Min(32, source.Columns - column);
        byte* buffer = stackalloc byte[2 * StepBytes + 64];
        buffer = (byte*)((nint)buffer + 63 & ~(nint)63);
        byte* block = source.At(row, column);
        long rowBytes = source.RowBytes;
        bool copyRows = isLeft && !depthMajor;
        if (source.Type != DType.BFloat16 || columns < 32 || (rows < 32 && !copyRows))
        {
            LoadBlock(source, row, rows, column, columns, copyRows, (ushort*)buffer);
            block = buffer;
            rowBytes = 64;
        }
        if (copyRows)
        {
            for (int i = 0; i < rows; i++)
            {
                Vector512.Load(block + i * rowBytes).Store(destination + i * 64);
            }
        }
        else if (isLeft)
        {
            byte* pairs = buffer + StepBytes;
            InterleavePairs(block, rowBytes, pairs);
            TransposeTile(pairs, 64, destination);
            TransposeTile(pairs + TileBytes, 64, destination + TileBytes);
        }
        else if (depthMajor)
        {
            InterleavePairs(block, rowBytes, destination);
        }
        else
        {
            TransposeTile(block, rowBytes, destination);
            TransposeTile(block + 16 * rowBytes, rowBytes, destination + TileBytes);
        }
    }

    /// <summary>A partial block, or one of singles, as 32 by 32 bfloat16, zero beyond its edges.</summary>
    private static void LoadBlock(MatrixView source, int row, int rows, int column, int columns, bool onlyRows, ushort* block)
    {
        if (columns < 32 || (rows < 32 && !onlyRows))
        {
            new Span<byte>(block, StepBytes).Clear();
        }
        float* singles = stackalloc float[32];
        for (int i = 0; i < rows; i++)
        {
            byte* from = source.At(row + i, column);
            if (source.Type == DType.Float32)
            {
                BFloat16Conversion.Round((float*)from, block + i * 32, columns);
            }
            else if (source.Type == DType.Float16)
            {
                Float16Conversion.Widen((ushort*)from, singles, columns);
                BFloat16Conversion.Round(singles, block + i * 32, columns);
            }
            else
            {
                new Span<ushort>(from, columns).CopyTo(new Span<ushort>(block + i * 32, columns));
            }
        }
    }

    /// <summary>32 rows of 32 columns to [2][16 row pairs][16 columns][2].</summary>
    private static void InterleavePairs(byte* source, long rowBytes, byte* destination)
    {
        if (Avx512BW.IsSupported)
        {
            Vector512<ushort> low = s_lowPairs;
            Vector512<ushort> high = s_highPairs;
            for (int pair = 0; pair < 16; pair++)
            {
                Vector512<ushort> even = Vector512.Load((ushort*)(source + 2 * pair * rowBytes));
                Vector512<ushort> odd = Vector512.Load((ushort*)(source + (2 * pair + 1) * rowBytes));
                Avx512BW.PermuteVar32x16x2(even, low, odd).Store((ushort*)(destination + pair * 64));
                Avx512BW.PermuteVar32x16x2(even, high, odd).Store((ushort*)(destination + TileBytes + pair * 64));
            }
            return;
        }
        for (int pair = 0; pair < 16; pair++)
        {
            for (int column = 0; column < 32; column++)
            {
                ushort* to = (ushort*)(destination + column / 16 * TileBytes + pair * 64) + column % 16 * 2;
                to[0] = ((ushort*)(source + 2 * pair * rowBytes))[column];
                to[1] = ((ushort*)(source + (2 * pair + 1) * rowBytes))[column];
            }
        }
    }

    /// <summary>Transposes 16 rows of 16 pairs.</summary>
    private static void TransposeTile(byte* source, long rowBytes, byte* destination)
    {
        if (!Avx512F.IsSupported)
        {
            for (int row = 0; row < 16; row++)
            {
                for (int column = 0; column < 16; column++)
                {
                    ((uint*)(destination + column * 64))[row] = ((uint*)(source + row * rowBytes))[column];
                }
            }
            return;
        }
        Vector512<int> r0 = Row(0), r1 = Row(1), r2 = Row(2), r3 = Row(3), r4 = Row(4), r5 = Row(5), r6 = Row(6), r7 = Row(7);
        Vector512<int> r8 = Row(8), r9 = Row(9), r10 = Row(10), r11 = Row(11), r12 = Row(12), r13 = Row(13), r14 = Row(14), r15 = Row(15);
        // Transposes of 4 by 4 within each 128-bit lane, then of the lanes.
        FourRows(ref r0, ref r1, ref r2, ref r3);
        FourRows(ref r4, ref r5, ref r6, ref r7);
        FourRows(ref r8, ref r9, ref r10, ref r11);
        FourRows(ref r12, ref r13, ref r14, ref r15);
        Lanes(r0, r4, r8, r12, destination);
        Lanes(r1, r5, r9, r13, destination + 64);
        Lanes(r2, r6, r10, r14, destination + 128);
        Lanes(r3, r7, r11, r15, destination + 192);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        Vector512<int> Row(int row) => Vector512.Load((int*)(source + row * rowBytes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourRows(ref Vector512<int> a, ref Vector512<int> b, ref Vector512<int> c, ref Vector512<int> d)
    {
        Vector512<long> ab0 = Avx512F.UnpackLow(a, b).AsInt64(), ab1 = Avx512F.UnpackHigh(a, b).AsInt64();
        Vector512<long> cd0 = Avx512F.UnpackLow(c, d).AsInt64(), cd1 = Avx512F.UnpackHigh(c, d).AsInt64();
        a = Avx512F.UnpackLow(ab0, cd0).AsInt32();
        b = Avx512F.UnpackHigh(ab0, cd0).AsInt32();
        c = Avx512F.UnpackLow(ab1, cd1).AsInt32();
        d = Avx512F.UnpackHigh(ab1, cd1).AsInt32();
    }

    /// <summary>Rows i, i + 4, i + 8 and i + 12 of the transpose, from the lanes of four vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Lanes(Vector512<int> a, Vector512<int> b, Vector512<int> c, Vector512<int> d, byte* destination)
    {
        Vector512<int> evenAb = Avx512F.Shuffle4x128(a, b, 0x88), oddAb = Avx512F.Shuffle4x128(a, b, 0xdd);
        Vector512<int> evenCd = Avx512F.Shuffle4x128(c, d, 0x88), oddCd = Avx512F.Shuffle4x128(c, d, 0xdd);
        Avx512F.Shuffle4x128(evenAb, evenCd, 0x88).Store((int*)destination);
        Avx512F.Shuffle4x128(oddAb, oddCd, 0x88).Store((int*)(destination + 4 * 64));
        Avx512F.Shuffle4x128(evenAb, evenCd, 0xdd).Store((int*)(destination + 8 * 64));
        Avx512F.Shuffle4x128(oddAb, oddCd, 0xdd).Store((int*)(destination + 12 * 64));
    }

    private static Vector512<ushort> PairIndices(int first)
    {
        Span<ushort> indices = stackalloc ushort[32];
        for (int i = 0; i < 16; i++)
        {
            indices[2 * i] = (ushort)(first + i);
            indices[2 * i + 1] = (ushort)(32 + first + i);
        }
        return Vector512.Create<ushort>(indices);
    }
}
