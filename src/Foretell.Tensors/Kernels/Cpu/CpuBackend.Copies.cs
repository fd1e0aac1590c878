using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Foretell.Tensors.Kernels.Cpu;

/// <content>Copies between types and layouts, sums over repeated axes.</content>
internal sealed unsafe partial class CpuBackend
{
    /// <summary>Adjacent elements of x that a transpose takes from a row at a time: several lines, since each row lies on pages of its own.</summary>
    private const int TransposeWidth = 128;

    /// <summary>Rows of x that a transpose takes at a time, so that it writes whole lines.</summary>
    private const int TransposeHeight = 32;

    /// <summary>Elements of a long row that are summed in single precision before their sum joins the others in double.</summary>
    private const int SumBlock = 4096;

    public override void Copy(StridedView x, StridedView result, float scale, bool accumulate)
    {
        var loops = new AxisLoops(x, x, result, inOrder: false);
        int last = loops.Last;
        bool plain = scale == 1 && !accumulate;
        bool floats = x.Type == DType.Float32 && result.Type == DType.Float32;
        if (loops.Stride(2, last) == 1 && loops.Stride(0, last) == 1)
        {
            if (plain && x.Type == result.Type)
            {
                int size = x.Type.Size();
                ForRuns(loops, (from, _, to, count) =>
                    Buffer.MemoryCopy((byte*)x.Pointer + from * size, (byte*)result.Pointer + to * size, count * size, count * size));
                return;
            }
            if (floats)
            {
                ForRuns(loops, (from, _, to, count) => CopyRun((float*)x.Pointer + from, (float*)result.Pointer + to, scale, count, accumulate));
                return;
            }
            if (x.Type == DType.BFloat16 && result.Type == DType.Float32 && plain)
            {
                ForRuns(loops, (from, _, to, count) => Widen((ushort*)x.Pointer + from, (float*)result.Pointer + to, count));
                return;
            }
            if (x.Type == DType.Float32 && result.Type == DType.BFloat16 && plain)
            {
                ForRuns(loops, (from, _, to, count) => Narrow((float*)x.Pointer + from, (ushort*)result.Pointer + to, count));
                return;
            }
        }
        if (floats && loops.Stride(2, last) == 1 && loops.Stride(0, last) == 0)
        {
            ForRuns(loops, (from, _, to, count) => FillRun(((float*)x.Pointer)[from], (float*)result.Pointer + to, scale, count, accumulate));
            return;
        }
        if (floats && loops.Stride(2, last) == 1 && AxisOfUnitStride(loops) is int axis and >= 0)
        {
            Transpose(loops, axis, (float*)x.Pointer, (float*)result.Pointer, scale, accumulate);
            return;
        }
        base.Copy(x, result, scale, accumulate);
    }

    public override void AddReduced(StridedView x, StridedView result)
    {
        var loops = new AxisLoops(x, x, result, inOrder: true);
        int last = loops.Last;
        bool fast = x.Type == DType.Float32 && result.Type == DType.Float32 && loops.Stride(0, last) == 1 && loops.Stride(2, last) is 0 or 1;
        if (!fast)
        {
            base.AddReduced(x, result);
            return;
        }
        float* source = (float*)x.Pointer;
        float* destination = (float*)result.Pointer;
        if (loops.Rank == 1 && loops.Stride(2, 0) == 0)
        {
            *destination += LongSum(source, loops.Length(0), parallel: true);
            return;
        }
        // Workers share out an axis whose elements have results of their own; each walks the other axes in order.
        int shared = -1;
        for (int axis = 0; axis <= last; axis++)
        {
            if (loops.Stride(2, axis) != 0 && (shared < 0 || loops.Length(axis) > loops.Length(shared)))
            {
                shared = axis;
            }
        }
        if (shared < 0)
        {
            AddReducedPart(loops, source, destination, last, 0, loops.Length(last));
            return;
        }
        ForRange(loops.Length(shared), shared == last ? Lanes.Count : 1, loops.Elements, (start, end) =>
            AddReducedPart(loops, source, destination, shared, start, end));
    }

    /// <summary>The sums of [start, end) of one axis and all of the others, in order.</summary>
    private void AddReducedPart(AxisLoops loops, float* x, float* result, int shared, int start, int end)
    {
        int last = loops.Last;
        long runs = 1;
        for (int axis = 0; axis < last; axis++)
        {
            runs *= axis == shared ? end - start : loops.Length(axis);
        }
        (int column, int count) = shared == last ? (start, end - start) : (0, loops.Length(last));
        for (long run = 0; run < runs && count > 0; run++)
        {
            long from = column;
            long to = column * loops.Stride(2, last);
            long rest = run;
            for (int axis = last - 1; axis >= 0; axis--)
            {
                (rest, long index) = Math.DivRem(rest, axis == shared ? end - start : loops.Length(axis));
                index += axis == shared ? start : 0;
                from += index * loops.Stride(0, axis);
                to += index * loops.Stride(2, axis);
            }
            if (loops.Stride(2, last) == 0)
            {
                result[to] += LongSum(x + from, count, parallel: false);
            }
            else
            {
                AddRow(x + from, result + to, count);
            }
        }
    }

    /// <summary>The sum of a row of any length: blocks in single precision, their sums in order in double.</summary>
    private float LongSum(float* x, int count, bool parallel)
    {
        int blocks = (count + SumBlock - 1) / SumBlock;
        if (!parallel || count < _leastParallelElements)
        {
            double sum = 0;
            for (int block = 0; block < blocks; block++)
            {
                sum += RowSum(x + (long)block * SumBlock, Math.Min(SumBlock, count - block * SumBlock));
            }
            return (float)sum;
        }
        float[] sums = new float[blocks];
        _pool.For(blocks, 1, (first, end) =>
        {
            for (int block = first; block < end; block++)
            {
                sums[block] = RowSum(x + (long)block * SumBlock, Math.Min(SumBlock, count - block * SumBlock));
            }
        });
        double total = 0;
        foreach (float sum in sums)
        {
            total += sum;
        }
        return (float)total;
    }

    /// <summary>The axis along which x's elements are adjacent, or -1.</summary>
    private static int AxisOfUnitStride(AxisLoops loops)
    {
        for (int axis = 0; axis < loops.Last; axis++)
        {
            if (loops.Stride(0, axis) == 1)
            {
                return axis;
            }
        }
        return -1;
    }

    /// <summary>Copies in blocks: x runs along <paramref name="across"/>, the result along the last axis.</summary>
    private void Transpose(AxisLoops loops, int across, float* x, float* result, float scale, bool accumulate)
    {
        int blocks = (loops.Length(across) + TransposeWidth - 1) / TransposeWidth;
        long planes = loops.Elements == 0 ? 0 : loops.Elements / loops.Length(across) / loops.Length(loops.Last);
        ForRows(checked((int)(planes * blocks)), loops.Elements, (first, end) =>
        {
            for (int unit = first; unit < end; unit++)
            {
                (int plane, int block) = Math.DivRem(unit, blocks);
                long from = 0;
                long to = 0;
                for (int axis = loops.Last - 1; axis >= 0; axis--)
                {
                    if (axis != across)
                    {
                        (plane, int index) = Math.DivRem(plane, loops.Length(axis));
                        from += index * loops.Stride(0, axis);
                        to += index * loops.Stride(2, axis);
                    }
                }
                int start = block * TransposeWidth;
                int count = Math.Min(TransposeWidth, loops.Length(across) - start);
                TransposeStrip(x + from + start, loops.Stride(0, loops.Last), result + to + start * loops.Stride(2, across), loops.Stride(2, across), loops.Length(loops.Last), count, scale, accumulate);
            }
        });
    }

    /// <summary>result[j, i] (+)= scale · x[i, j] for x [rows, columns].</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransposeStrip(float* x, long xStride, float* result, long resultStride, int rows, int columns, float scale, bool accumulate)
    {
        // Through a block of its own: lines a power of two apart would push one another out of the cache.
        const int Stride = TransposeHeight + 1;
        float* block = stackalloc float[TransposeWidth * Stride];
        for (int first = 0; first < rows; first += TransposeHeight)
        {
            int count = Math.Min(TransposeHeight, rows - first);
            for (int i = 0; i < count; i++)
            {
                float* from = x + (first + i) * xStride;
                float* to = block + i;
                for (int j = 0; j < columns; j++, to += Stride)
                {
                    *to = from[j];
                }
            }
            for (int j = 0; j < columns; j++)
            {
                CopyRun(block + j * Stride, result + j * resultStride + first, scale, count, accumulate);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyRun(float* x, float* result, float scale, long count, bool accumulate)
    {
        if (!accumulate)
        {
            ScaleRow(x, scale, result, count);
            return;
        }
        Vector512<float> factor = Vector512.Create(scale);
        long i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            Vector512.FusedMultiplyAdd(Vector512.Load(x + i), factor, Vector512.Load(result + i)).Store(result + i);
        }
        for (; i < count; i++)
        {
            result[i] = MathF.FusedMultiplyAdd(x[i], scale, result[i]);
        }
    }

    private static void FillRun(float value, float* result, float scale, long count, bool accumulate)
    {
        float scaled = value * scale;
        Vector512<float> lanes = Vector512.Create(scaled);
        long i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            (accumulate ? Vector512.Load(result + i) + lanes : lanes).Store(result + i);
        }
        for (; i < count; i++)
        {
            result[i] = accumulate ? result[i] + scaled : scaled;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Widen(ushort* x, float* result, long count)
    {
        long i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Load(x + i));
            Vector512.ShiftLeft(Vector512.Create(low, high), 16).AsSingle().Store(result + i);
        }
        for (; i < count; i++)
        {
            result[i] = BFloat16Bits.ToSingle(x[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Narrow(float* x, ushort* result, long count)
    {
        long i = 0;
        for (; i + 2 * Lanes.Count <= count; i += 2 * Lanes.Count)
        {
            Vector512.Narrow(RoundToUpperHalf(Vector512.Load(x + i)), RoundToUpperHalf(Vector512.Load(x + i + Lanes.Count))).Store(result + i);
        }
        for (; i < count; i++)
        {
            result[i] = BFloat16Bits.From(x[i]);
        }
    }

    /// <summary><see cref="BFloat16Bits.From"/>, sixteen at a time, each in the lower half of its lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> RoundToUpperHalf(Vector512<float> x)
    {
        Vector512<uint> bits = x.AsUInt32();
        Vector512<uint> upper = Vector512.ShiftRightLogical(bits, 16);
        Vector512<uint> rounded = Vector512.ShiftRightLogical(bits + Vector512.Create(0x7fffu) + (upper & Vector512<uint>.One), 16);
        return Vector512.ConditionalSelect(Vector512.Equals(x, x).AsUInt32(), rounded, upper | Vector512.Create(0x40u));
    }
}
