using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>The portable kernels on <see cref="Vector128"/>. 32 registers of 4 lanes (ARM): 4 rows by 16 columns are 16 accumulators.</summary>
internal readonly unsafe struct PortableKernel128 : IPortableKernel
{
    public static int BlockRows => 4;

    public static int BlockColumns => 16;

    public static int Streams => 1;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Block(float* left, float* right, float* result, long stride, long depth, bool accumulate)
    {
        Vector128<float> a0 = default, b0 = default, c0 = default, d0 = default;
        Vector128<float> a1 = default, b1 = default, c1 = default, d1 = default;
        Vector128<float> a2 = default, b2 = default, c2 = default, d2 = default;
        Vector128<float> a3 = default, b3 = default, c3 = default, d3 = default;
        if (accumulate)
        {
            a0 = Vector128.Load(result);
            b0 = Vector128.Load(result + 4);
            c0 = Vector128.Load(result + 8);
            d0 = Vector128.Load(result + 12);
            a1 = Vector128.Load(result + stride);
            b1 = Vector128.Load(result + stride + 4);
            c1 = Vector128.Load(result + stride + 8);
            d1 = Vector128.Load(result + stride + 12);
            a2 = Vector128.Load(result + 2 * stride);
            b2 = Vector128.Load(result + 2 * stride + 4);
            c2 = Vector128.Load(result + 2 * stride + 8);
            d2 = Vector128.Load(result + 2 * stride + 12);
            a3 = Vector128.Load(result + 3 * stride);
            b3 = Vector128.Load(result + 3 * stride + 4);
            c3 = Vector128.Load(result + 3 * stride + 8);
            d3 = Vector128.Load(result + 3 * stride + 12);
        }
        for (long k = 0; k < depth; k++, left += PortableEngine.LeftWidth, right += MatrixEngine.ColumnPanel)
        {
            Vector128<float> a = Vector128.Load(right);
            Vector128<float> b = Vector128.Load(right + 4);
            Vector128<float> c = Vector128.Load(right + 8);
            Vector128<float> d = Vector128.Load(right + 12);
            Vector128<float> x = Vector128.Create(left[0]);
            a0 = Vector128.FusedMultiplyAdd(x, a, a0);
            b0 = Vector128.FusedMultiplyAdd(x, b, b0);
            c0 = Vector128.FusedMultiplyAdd(x, c, c0);
            d0 = Vector128.FusedMultiplyAdd(x, d, d0);
            x = Vector128.Create(left[1]);
            a1 = Vector128.FusedMultiplyAdd(x, a, a1);
            b1 = Vector128.FusedMultiplyAdd(x, b, b1);
            c1 = Vector128.FusedMultiplyAdd(x, c, c1);
            d1 = Vector128.FusedMultiplyAdd(x, d, d1);
            x = Vector128.Create(left[2]);
            a2 = Vector128.FusedMultiplyAdd(x, a, a2);
            b2 = Vector128.FusedMultiplyAdd(x, b, b2);
            c2 = Vector128.FusedMultiplyAdd(x, c, c2);
            d2 = Vector128.FusedMultiplyAdd(x, d, d2);
            x = Vector128.Create(left[3]);
            a3 = Vector128.FusedMultiplyAdd(x, a, a3);
            b3 = Vector128.FusedMultiplyAdd(x, b, b3);
            c3 = Vector128.FusedMultiplyAdd(x, c, c3);
            d3 = Vector128.FusedMultiplyAdd(x, d, d3);
        }
        a0.Store(result);
        b0.Store(result + 4);
        c0.Store(result + 8);
        d0.Store(result + 12);
        a1.Store(result + stride);
        b1.Store(result + stride + 4);
        c1.Store(result + stride + 8);
        d1.Store(result + stride + 12);
        a2.Store(result + 2 * stride);
        b2.Store(result + 2 * stride + 4);
        c2.Store(result + 2 * stride + 8);
        d2.Store(result + 2 * stride + 12);
        a3.Store(result + 3 * stride);
        b3.Store(result + 3 * stride + 4);
        c3.Store(result + 3 * stride + 8);
        d3.Store(result + 3 * stride + 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row(float* left, float* right, long rightStream, float* result, long resultStream, long depth, bool accumulate)
    {
        Vector128<float> a0 = default, a1 = default, a2 = default, a3 = default, a4 = default, a5 = default, a6 = default, a7 = default;
        if (accumulate)
        {
            a0 = Vector128.Load(result);
            a1 = Vector128.Load(result + 4);
            a2 = Vector128.Load(result + 8);
            a3 = Vector128.Load(result + 12);
            a4 = Vector128.Load(result + 16);
            a5 = Vector128.Load(result + 20);
            a6 = Vector128.Load(result + 24);
            a7 = Vector128.Load(result + 28);
        }
        for (long k = 0; k < depth; k++)
        {
            Vector128<float> x = Vector128.Create(left[k * PortableEngine.LeftWidth]);
            long at = k * MatrixEngine.ColumnPanel;
            a0 = Vector128.FusedMultiplyAdd(x, Vector128.Load(right + at), a0);
            a1 = Vector128.FusedMultiplyAdd(x, Vector128.Load(right + at + 4), a1);
            a2 = Vector128.FusedMultiplyAdd(x, Vector128.Load(right + at + 8), a2);
            a3 = Vector128.FusedMultiplyAdd(x, Vector128.Load(right + at + 12), a3);
            a4 = Vector128.FusedMultiplyAdd(x, Vector128.Load(right + at + 16), a4);
            a5 = Vector128.FusedMultiplyAdd(x, Vector128.Load(right + at + 20), a5);
            a6 = Vector128.FusedMultiplyAdd(x, Vector128.Load(right + at + 24), a6);
            a7 = Vector128.FusedMultiplyAdd(x, Vector128.Load(right + at + 28), a7);
        }
        a0.Store(result);
        a1.Store(result + 4);
        a2.Store(result + 8);
        a3.Store(result + 12);
        a4.Store(result + 16);
        a5.Store(result + 20);
        a6.Store(result + 24);
        a7.Store(result + 28);
    }

    public static void RowOfStreams(float* left, float* right, long rightStream, float* result, long resultStream, long depth, bool accumulate) =>
        Row(left, right, rightStream, result, resultStream, depth, accumulate);
}
