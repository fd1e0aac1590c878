using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>The portable kernels on <see cref="Vector512"/>. 32 registers of 16 lanes: 8 rows by 32 columns are 16 accumulators.</summary>
internal readonly unsafe struct PortableKernel512 : IPortableKernel
{
    public static int BlockRows => 8;

    public static int BlockColumns => 32;

    public static int Streams => 4;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Block(float* left, float* right, float* result, long stride, long depth, bool accumulate)
    {
        Vector512<float> a0 = default, b0 = default;
        Vector512<float> a1 = default, b1 = default;
        Vector512<float> a2 = default, b2 = default;
        Vector512<float> a3 = default, b3 = default;
        Vector512<float> a4 = default, b4 = default;
        Vector512<float> a5 = default, b5 = default;
        Vector512<float> a6 = default, b6 = default;
        Vector512<float> a7 = default, b7 = default;
        if (accumulate)
        {
            a0 = Vector512.Load(result);
            b0 = Vector512.Load(result + 16);
            a1 = Vector512.Load(result + stride);
            b1 = Vector512.Load(result + stride + 16);
            a2 = Vector512.Load(result + 2 * stride);
            b2 = Vector512.Load(result + 2 * stride + 16);
            a3 = Vector512.Load(result + 3 * stride);
            b3 = Vector512.Load(result + 3 * stride + 16);
            a4 = Vector512.Load(result + 4 * stride);
            b4 = Vector512.Load(result + 4 * stride + 16);
            a5 = Vector512.Load(result + 5 * stride);
            b5 = Vector512.Load(result + 5 * stride + 16);
            a6 = Vector512.Load(result + 6 * stride);
            b6 = Vector512.Load(result + 6 * stride + 16);
            a7 = Vector512.Load(result + 7 * stride);
            b7 = Vector512.Load(result + 7 * stride + 16);
        }
        for (long k = 0; k < depth; k++, left += PortableEngine.LeftWidth, right += MatrixEngine.ColumnPanel)
        {
            Vector512<float> a = Vector512.Load(right);
            Vector512<float> b = Vector512.Load(right + 16);
            Vector512<float> x = Vector512.Create(left[0]);
            a0 = Vector512.FusedMultiplyAdd(x, a, a0);
            b0 = Vector512.FusedMultiplyAdd(x, b, b0);
            x = Vector512.Create(left[1]);
            a1 = Vector512.FusedMultiplyAdd(x, a, a1);
            b1 = Vector512.FusedMultiplyAdd(x, b, b1);
            x = Vector512.Create(left[2]);
            a2 = Vector512.FusedMultiplyAdd(x, a, a2);
            b2 = Vector512.FusedMultiplyAdd(x, b, b2);
            x = Vector512.Create(left[3]);
            a3 = Vector512.FusedMultiplyAdd(x, a, a3);
            b3 = Vector512.FusedMultiplyAdd(x, b, b3);
            x = Vector512.Create(left[4]);
            a4 = Vector512.FusedMultiplyAdd(x, a, a4);
            b4 = Vector512.FusedMultiplyAdd(x, b, b4);
            x = Vector512.Create(left[5]);
            a5 = Vector512.FusedMultiplyAdd(x, a, a5);
            b5 = Vector512.FusedMultiplyAdd(x, b, b5);
            x = Vector512.Create(left[6]);
            a6 = Vector512.FusedMultiplyAdd(x, a, a6);
            b6 = Vector512.FusedMultiplyAdd(x, b, b6);
            x = Vector512.Create(left[7]);
            a7 = Vector512.FusedMultiplyAdd(x, a, a7);
            b7 = Vector512.FusedMultiplyAdd(x, b, b7);
        }
        a0.Store(result);
        b0.Store(result + 16);
        a1.Store(result + stride);
        b1.Store(result + stride + 16);
        a2.Store(result + 2 * stride);
        b2.Store(result + 2 * stride + 16);
        a3.Store(result + 3 * stride);
        b3.Store(result + 3 * stride + 16);
        a4.Store(result + 4 * stride);
        b4.Store(result + 4 * stride + 16);
        a5.Store(result + 5 * stride);
        b5.Store(result + 5 * stride + 16);
        a6.Store(result + 6 * stride);
        b6.Store(result + 6 * stride + 16);
        a7.Store(result + 7 * stride);
        b7.Store(result + 7 * stride + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row(float* left, float* right, long rightStream, float* result, long resultStream, long depth, bool accumulate)
    {
        Vector512<float> a0 = default, a1 = default;
        if (accumulate)
        {
            a0 = Vector512.Load(result);
            a1 = Vector512.Load(result + 16);
        }
        for (long k = 0; k < depth; k++)
        {
            Vector512<float> x = Vector512.Create(left[k * PortableEngine.LeftWidth]);
            long at = k * MatrixEngine.ColumnPanel;
            a0 = Vector512.FusedMultiplyAdd(x, Vector512.Load(right + at), a0);
            a1 = Vector512.FusedMultiplyAdd(x, Vector512.Load(right + at + 16), a1);
        }
        a0.Store(result);
        a1.Store(result + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RowOfStreams(float* left, float* right, long rightStream, float* result, long resultStream, long depth, bool accumulate)
    {
        float* right1 = right + rightStream;
        float* right2 = right + 2 * rightStream;
        float* right3 = right + 3 * rightStream;
        Vector512<float> a0 = default, a1 = default;
        Vector512<float> b0 = default, b1 = default;
        Vector512<float> c0 = default, c1 = default;
        Vector512<float> d0 = default, d1 = default;
        if (accumulate)
        {
            a0 = Vector512.Load(result);
            a1 = Vector512.Load(result + 16);
            b0 = Vector512.Load(result + resultStream);
            b1 = Vector512.Load(result + resultStream + 16);
            c0 = Vector512.Load(result + 2 * resultStream);
            c1 = Vector512.Load(result + 2 * resultStream + 16);
            d0 = Vector512.Load(result + 3 * resultStream);
            d1 = Vector512.Load(result + 3 * resultStream + 16);
        }
        for (long k = 0; k < depth; k++)
        {
            Vector512<float> x = Vector512.Create(left[k * PortableEngine.LeftWidth]);
            long at = k * MatrixEngine.ColumnPanel;
            if (Sse.IsSupported)
            {
                Sse.Prefetch1(right + at + PortableEngine.PrefetchDistance);
                Sse.Prefetch1(right + at + PortableEngine.PrefetchDistance + 16);
                Sse.Prefetch1(right1 + at + PortableEngine.PrefetchDistance);
                Sse.Prefetch1(right1 + at + PortableEngine.PrefetchDistance + 16);
                Sse.Prefetch1(right2 + at + PortableEngine.PrefetchDistance);
                Sse.Prefetch1(right2 + at + PortableEngine.PrefetchDistance + 16);
                Sse.Prefetch1(right3 + at + PortableEngine.PrefetchDistance);
                Sse.Prefetch1(right3 + at + PortableEngine.PrefetchDistance + 16);
            }
            a0 = Vector512.FusedMultiplyAdd(x, Vector512.Load(right + at), a0);
            a1 = Vector512.FusedMultiplyAdd(x, Vector512.Load(right + at + 16), a1);
            b0 = Vector512.FusedMultiplyAdd(x, Vector512.Load(right1 + at), b0);
            b1 = Vector512.FusedMultiplyAdd(x, Vector512.Load(right1 + at + 16), b1);
            c0 = Vector512.FusedMultiplyAdd(x, Vector512.Load(right2 + at), c0);
            c1 = Vector512.FusedMultiplyAdd(x, Vector512.Load(right2 + at + 16), c1);
            d0 = Vector512.FusedMultiplyAdd(x, Vector512.Load(right3 + at), d0);
            d1 = Vector512.FusedMultiplyAdd(x, Vector512.Load(right3 + at + 16), d1);
        }
        a0.Store(result);
        a1.Store(result + 16);
        b0.Store(result + resultStream);
        b1.Store(result + resultStream + 16);
        c0.Store(result + 2 * resultStream);
        c1.Store(result + 2 * resultStream + 16);
        d0.Store(result + 3 * resultStream);
        d1.Store(result + 3 * resultStream + 16);
    }
}
