using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>The portable kernels on <see cref="Vector256"/>. 16 registers of 8 lanes: 4 rows by 16 columns are 8 accumulators.</summary>
internal readonly unsafe struct PortableKernel256 : IPortableKernel
{
    public static int BlockRows => 4;

    public static int BlockColumns => 16;

    public static int Streams => 2;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Block(float* left, float* right, float* result, long stride, long depth, bool accumulate)
    {
        Vector256<float> a0 = default, b0 = default;
        Vector256<float> a1 = default, b1 = default;
        Vector256<float> a2 = default, b2 = default;
        Vector256<float> a3 = default, b3 = default;
        if (accumulate)
        {
            a0 = Vector256.Load(result);
            b0 = Vector256.Load(result + 8);
            a1 = Vector256.Load(result + stride);
            b1 = Vector256.Load(result + stride + 8);
            a2 = Vector256.Load(result + 2 * stride);
            b2 = Vector256.Load(result + 2 * stride + 8);
            a3 = Vector256.Load(result + 3 * stride);
            b3 = Vector256.Load(result + 3 * stride + 8);
        }
        for (long k = 0; k < depth; k++, left += PortableEngine.LeftWidth, right += MatrixEngine.ColumnPanel)
        {
            Vector256<float> a = Vector256.Load(right);
            Vector256<float> b = Vector256.Load(right + 8);
            Vector256<float> x = Vector256.Create(left[0]);
            a0 = Vector256.FusedMultiplyAdd(x, a, a0);
            b0 = Vector256.FusedMultiplyAdd(x, b, b0);
            x = Vector256.Create(left[1]);
            a1 = Vector256.FusedMultiplyAdd(x, a, a1);
            b1 = Vector256.FusedMultiplyAdd(x, b, b1);
            x = Vector256.Create(left[2]);
            a2 = Vector256.FusedMultiplyAdd(x, a, a2);
            b2 = Vector256.FusedMultiplyAdd(x, b, b2);
            x = Vector256.Create(left[3]);
            a3 = Vector256.FusedMultiplyAdd(x, a, a3);
            b3 = Vector256.FusedMultiplyAdd(x, b, b3);
        }
        a0.Store(result);
        b0.Store(result + 8);
        a1.Store(result + stride);
        b1.Store(result + stride + 8);
        a2.Store(result + 2 * stride);
        b2.Store(result + 2 * stride + 8);
        a3.Store(result + 3 * stride);
        b3.Store(result + 3 * stride + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row(float* left, float* right, long rightStream, float* result, long resultStream, long depth, bool accumulate)
    {
        Vector256<float> a0 = default, a1 = default, a2 = default, a3 = default;
        if (accumulate)
        {
            a0 = Vector256.Load(result);
            a1 = Vector256.Load(result + 8);
            a2 = Vector256.Load(result + 16);
            a3 = Vector256.Load(result + 24);
        }
        for (long k = 0; k < depth; k++)
        {
            Vector256<float> x = Vector256.Create(left[k * PortableEngine.LeftWidth]);
            long at = k * MatrixEngine.ColumnPanel;
            a0 = Vector256.FusedMultiplyAdd(x, Vector256.Load(right + at), a0);
            a1 = Vector256.FusedMultiplyAdd(x, Vector256.Load(right + at + 8), a1);
            a2 = Vector256.FusedMultiplyAdd(x, Vector256.Load(right + at + 16), a2);
            a3 = Vector256.FusedMultiplyAdd(x, Vector256.Load(right + at + 24), a3);
        }
        a0.Store(result);
        a1.Store(result + 8);
        a2.Store(result + 16);
        a3.Store(result + 24);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RowOfStreams(float* left, float* right, long rightStream, float* result, long resultStream, long depth, bool accumulate)
    {
        float* right1 = right + rightStream;
        Vector256<float> a0 = default, a1 = default, a2 = default, a3 = default;
        Vector256<float> b0 = default, b1 = default, b2 = default, b3 = default;
        if (accumulate)
        {
            a0 = Vector256.Load(result);
            a1 = Vector256.Load(result + 8);
            a2 = Vector256.Load(result + 16);
            a3 = Vector256.Load(result + 24);
            b0 = Vector256.Load(result + resultStream);
            b1 = Vector256.Load(result + resultStream + 8);
            b2 = Vector256.Load(result + resultStream + 16);
            b3 = Vector256.Load(result + resultStream + 24);
        }
        for (long k = 0; k < depth; k++)
        {
            Vector256<float> x = Vector256.Create(left[k * PortableEngine.LeftWidth]);
            long at = k * MatrixEngine.ColumnPanel;
            if (Sse.IsSupported)
            {
                Sse.Prefetch1(right + at + PortableEngine.PrefetchDistance);
                Sse.Prefetch1(right + at + PortableEngine.PrefetchDistance + 16);
                Sse.Prefetch1(right1 + at + PortableEngine.PrefetchDistance);
                Sse.Prefetch1(right1 + at + PortableEngine.PrefetchDistance + 16);
            }
            a0 = Vector256.FusedMultiplyAdd(x, Vector256.Load(right + at), a0);
            a1 = Vector256.FusedMultiplyAdd(x, Vector256.Load(right + at + 8), a1);
            a2 = Vector256.FusedMultiplyAdd(x, Vector256.Load(right + at + 16), a2);
            a3 = Vector256.FusedMultiplyAdd(x, Vector256.Load(right + at + 24), a3);
            b0 = Vector256.FusedMultiplyAdd(x, Vector256.Load(right1 + at), b0);
            b1 = Vector256.FusedMultiplyAdd(x, Vector256.Load(right1 + at + 8), b1);
            b2 = Vector256.FusedMultiplyAdd(x, Vector256.Load(right1 + at + 16), b2);
            b3 = Vector256.FusedMultiplyAdd(x, Vector256.Load(right1 + at + 24), b3);
        }
        a0.Store(result);
        a1.Store(result + 8);
        a2.Store(result + 16);
        a3.Store(result + 24);
        b0.Store(result + resultStream);
        b1.Store(result + resultStream + 8);
        b2.Store(result + resultStream + 16);
        b3.Store(result + resultStream + 24);
    }
}
