using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// The packed layout of single-precision operands: panels of <c>width</c> rows (left) or columns (right), each
/// [depth, width]. "Breadth" is the operand's dimension that is not depth.
/// </summary>
internal static unsafe class FloatPanels
{
    private const int Block = 32;

    /// <summary>Packs the panels [<paramref name="firstPanel"/>, <paramref name="endPanel"/>).</summary>
    /// <param name="source">The whole operand.</param>
    /// <param name="depthMajor">Whether the source's rows run along breadth, one row a depth index.</param>
    /// <param name="width">Panel width: a multiple of 8, at most 32.</param>
    /// <param name="roundToBFloat16">Whether singles are rounded to bfloat16 values on the way.</param>
    /// <param name="firstPanel">The first panel to pack.</param>
    /// <param name="endPanel">One past the last panel to pack.</param>
    /// <param name="destination">The whole packed operand.</param>
    public static void Pack(MatrixView source, bool depthMajor, int width, bool roundToBFloat16, int firstPanel, int endPanel, float* destination)
    {
        int depth = depthMajor ? source.Rows : source.Columns;
        if (depthMajor)
        {
            // The inner loop follows the source's rows, so that reading is sequential.
            for (int k = 0; k < depth; k += Block)
            {
                for (int panel = firstPanel; panel < endPanel; panel++)
                {
                    PackBlock(source, depthMajor, width, roundToBFloat16, panel, k, destination + ((long)panel * depth + k) * width);
                }
            }
            return;
        }
        for (int panel = firstPanel; panel < endPanel; panel++)
        {
            for (int k = 0; k < depth; k += Block)
            {
                PackBlock(source, depthMajor, width, roundToBFloat16, panel, k, destination + ((long)panel * depth + k) * width);
            }
        }
    }

    /// <summary>Overwrites one breadth index of one panel.</summary>
    public static void WriteColumn(float* source, int depth, int column, int width, bool roundToBFloat16, float* panel)
    {
        for (int k = 0; k < depth; k++)
        {
            panel[(long)k * width + column] = roundToBFloat16 ? BFloat16Conversion.Widen(BFloat16Conversion.Round(source[k])) : source[k];
        }
    }

    /// <summary>Overwrites one depth index of the panels that hold <paramref name="columns"/> columns.</summary>
    public static void WriteRow(float* source, int columns, int depthIndex, int width, bool roundToBFloat16, float* panels, long panelFloats)
    {
        for (int first = 0; first < columns; first += width, panels += panelFloats)
        {
            float* row = panels + (long)depthIndex * width;
            int count = Math.Min(width, columns - first);
            if (roundToBFloat16)
            {
                BFloat16Conversion.RoundKeepingSingles(source + first, row, count);
            }
            else
            {
                new Span<float>(source + first, count).CopyTo(new Span<float>(row, count));
            }
        }
    }

    [SkipLocalsInit]
    private static void PackBlock(MatrixView source, bool depthMajor, int width, bool roundToBFloat16, int panel, int k, float* destination)
    {
        int depth = Math.Min(Block, (depthMajor ? source.Rows : source.Columns) - k);
        int breadth = Math.Min(width, (depthMajor ? source.Columns : source.Rows) - panel * width);
        int row = depthMajor ? k : panel * width;
        int column = depthMajor ? panel * width : k;
        float* block = (float*)source.At(row, column);
        long stride = source.Stride;
        float* buffer = stackalloc float[Block * Block];
        if (source.Type != DType.Float32 || roundToBFloat16 || breadth < width)
        {
            int rows = depthMajor ? depth : breadth;
            int columns = depthMajor ? breadth : depth;
            if (breadth < width)
            {
                new Span<float>(buffer, Block * Block).Clear();
            }
            for (int i = 0; i < rows; i++)
            {
                LoadRow(source, row + i, column, columns, roundToBFloat16, buffer + i * Block);
            }
            block = buffer;
            stride = Block;
        }
        if (depthMajor)
        {
            for (int i = 0; i < depth; i++)
            {
                for (int j = 0; j < width; j += 8)
                {
                    Vector256.Load(block + i * stride + j).Store(destination + i * width + j);
                }
            }
            return;
        }
        int done = 0;
        if (Avx.IsSupported)
        {
            for (; done + 8 <= depth; done += 8)
            {
                for (int j = 0; j < width; j += 8)
                {
                    Transpose8x8(block + j * stride + done, stride, destination + done * width + j, width);
                }
            }
        }
        for (; done < depth; done++)
        {
            for (int j = 0; j < width; j++)
            {
                destination[done * width + j] = block[j * stride + done];
            }
        }
    }

    private static void LoadRow(MatrixView source, int row, int column, int count, bool roundToBFloat16, float* destination)
    {
        byte* from = source.At(row, column);
        if (source.Type == DType.BFloat16)
        {
            BFloat16Conversion.Widen((ushort*)from, destination, count);
        }
        else if (source.Type == DType.Float16)
        {
            Float16Conversion.Widen((ushort*)from, destination, count);
            if (roundToBFloat16)
            {
                BFloat16Conversion.RoundKeepingSingles(destination, destination, count);
            }
        }
        else if (roundToBFloat16)
        {
            BFloat16Conversion.RoundKeepingSingles((float*)from, destination, count);
        }
        else
        {
            new Span<float>(from, count).CopyTo(new Span<float>(destination, count));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose8x8(float* source, long stride, float* destination, int width)
    {
        Vector256<float> a = Vector256.Load(source), b = Vector256.Load(source + stride);
        Vector256<float> c = Vector256.Load(source + 2 * stride), d = Vector256.Load(source + 3 * stride);
        Vector256<float> e = Vector256.Load(source + 4 * stride), f = Vector256.Load(source + 5 * stride);
        Vector256<float> g = Vector256.Load(source + 6 * stride), h = Vector256.Load(source + 7 * stride);
        Vector256<float> ab0 = Avx.UnpackLow(a, b), ab1 = Avx.UnpackHigh(a, b), cd0 = Avx.UnpackLow(c, d), cd1 = Avx.UnpackHigh(c, d);
        Vector256<float> ef0 = Avx.UnpackLow(e, f), ef1 = Avx.UnpackHigh(e, f), gh0 = Avx.UnpackLow(g, h), gh1 = Avx.UnpackHigh(g, h);
        Vector256<float> abcd0 = Avx.Shuffle(ab0, cd0, 0x44), abcd1 = Avx.Shuffle(ab0, cd0, 0xee);
        Vector256<float> abcd2 = Avx.Shuffle(ab1, cd1, 0x44), abcd3 = Avx.Shuffle(ab1, cd1, 0xee);
        Vector256<float> efgh0 = Avx.Shuffle(ef0, gh0, 0x44), efgh1 = Avx.Shuffle(ef0, gh0, 0xee);
        Vector256<float> efgh2 = Avx.Shuffle(ef1, gh1, 0x44), efgh3 = Avx.Shuffle(ef1, gh1, 0xee);
        Avx.Permute2x128(abcd0, efgh0, 0x20).Store(destination);
        Avx.Permute2x128(abcd1, efgh1, 0x20).Store(destination + width);
        Avx.Permute2x128(abcd2, efgh2, 0x20).Store(destination + 2 * width);
        Avx.Permute2x128(abcd3, efgh3, 0x20).Store(destination + 3 * width);
        Avx.Permute2x128(abcd0, efgh0, 0x31).Store(destination + 4 * width);
        Avx.Permute2x128(abcd1, efgh1, 0x31).Store(destination + 5 * width);
        Avx.Permute2x128(abcd2, efgh2, 0x31).Store(destination + 6 * width);
        Avx.Permute2x128(abcd3, efgh3, 0x31).Store(destination + 7 * width);
    }
}
