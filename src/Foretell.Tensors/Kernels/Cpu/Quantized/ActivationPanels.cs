using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foretell.Tensors.Kernels.Cpu.Matrix;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Kernels.Cpu.Quantized;

/// <summary>Rows of x rounded to bytes as <see cref="ReferenceQuantized.QuantizeBlock"/> does, in the panels of <see cref="QuantizedLayout"/>.</summary>
internal static unsafe class ActivationPanels
{
    /// <summary>Rows of each panel but the last, when so many rows are cut evenly.</summary>
    /// <param name="mostRows">Of a panel.</param>
    public static int Height(int rows, int mostRows)
    {
        int panels = (rows + mostRows - 1) / mostRows;
        return panels == 0 ? 1 : (rows + panels - 1) / panels;
    }

    /// <summary>Bytes of the panels of x [rows, depth].</summary>
    public static long Bytes(DType type, int rows, int depth) => (long)rows * (depth / QuantizedLayout.BlockLength) * QuantizedLayout.RowBlockBytes(type);

    /// <summary>Rounds the rows of one panel.</summary>
    /// <param name="type">The weights' type.</param>
    /// <param name="x">The panel's rows, Float32 or BFloat16.</param>
    /// <param name="panel">The panel's start.</param>
    public static void Pack(DType type, MatrixView x, byte* panel)
    {
        int blockBytes = x.Rows * QuantizedLayout.RowBlockBytes(type);
        (int scales, int starts) = QuantizedLayout.BlockOffsets(x.Rows);
        for (int row = 0; row < x.Rows; row++)
        {
            float* values = (float*)x.At(row, 0);
            if (x.Type == DType.BFloat16)
            {
                values = (float*)Scratch.Get(Scratch.Purpose.Sums, (long)x.Columns * sizeof(float));
                BFloat16Conversion.Widen((ushort*)x.At(row, 0), values, x.Columns);
            }
            PackRow(type, values, x.Columns / QuantizedLayout.BlockLength, panel + row * QuantizedLayout.BlockLength,
                panel + scales + row * sizeof(float), panel + starts + row * sizeof(float), x.Rows * sizeof(float), blockBytes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackRow(DType type, float* x, int blocks, byte* bytes, byte* scales, byte* starts, int partBytes, int blockBytes)
    {
        int zero = type.ZeroLevel();
        bool minimum = type.HasMinimum();
        bool parts = QuantizedLayout.Parts(type) == 2;
        Vector512<uint> magnitude = Vector512.Create(0x7fffffffu);
        for (int block = 0; block < blocks; block++, x += QuantizedLayout.BlockLength, bytes += blockBytes, scales += blockBytes, starts += blockBytes)
        {
            Vector512<float> low = Vector512.Load(x);
            Vector512<float> high = Vector512.Load(x + 16);
            uint largest = Largest(Vector512.Max(low.AsUInt32() & magnitude, high.AsUInt32() & magnitude));
            float scale = BitConverter.UInt32BitsToSingle(largest) / 127;
            int lowSum = 0, highSum = 0;
            if (float.IsFinite(scale) && scale >= ReferenceQuantized.LeastScale)
            {
                Vector512<float> inverse = Vector512.Create(1 / scale);
                Vector512<int> lowBytes = Vector512.ConvertToInt32Native(Vector512.Round(low * inverse));
                Vector512<int> highBytes = Vector512.ConvertToInt32Native(Vector512.Round(high * inverse));
                Vector512<short> shorts = Vector512.Narrow(lowBytes, highBytes);
                Vector256.Narrow(shorts.GetLower(), shorts.GetUpper()).Store((sbyte*)bytes);
                lowSum = Vector512.Sum(lowBytes);
                highSum = Vector512.Sum(highBytes);
            }
            else
            {
                Vector256<byte>.Zero.Store(bytes);
                scale = float.IsFinite(scale) ? 0 : scale;
            }
            *(float*)scales = scale;
            if (minimum)
            {
                *(float*)starts = scale * (lowSum + highSum);
            }
            else if (parts)
            {
                *(int*)starts = -zero * lowSum;
                *(int*)(starts + partBytes) = -zero * highSum;
            }
            else
            {
                *(int*)starts = -zero * (lowSum + highSum);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Largest(Vector512<uint> values)
    {
        Vector256<uint> eight = Vector256.Max(values.GetLower(), values.GetUpper());
        Vector128<uint> four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        four = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2u, 3, 0, 1)));
        return Math.Max(four.ToScalar(), four.GetElement(1));
    }
}
