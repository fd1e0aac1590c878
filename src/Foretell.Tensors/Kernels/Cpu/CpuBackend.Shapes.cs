using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Foretell.Tensors.Kernels.Cpu;

/// <content>Broadcasting arithmetic, copies, sums over repeated axes.</content>
internal sealed unsafe partial class CpuBackend
{
    public override void Combine(BinaryFunction function, StridedView a, StridedView b, StridedView result)
    {
        var loops = new AxisLoops(a, b, result, inOrder: false);
        int last = loops.Last;
        bool fast = a.Type == DType.Float32 && b.Type == DType.Float32 && result.Type == DType.Float32
            && loops.Stride(2, last) == 1 && loops.Stride(0, last) is 0 or 1 && loops.Stride(1, last) is 0 or 1;
        if (!fast)
        {
            base.Combine(function, a, b, result);
            return;
        }
        switch (function)
        {
            case BinaryFunction.Add:
                Combine<ElementFunctions.Add>(loops, a, b, result);
                break;
            case BinaryFunction.Subtract:
                Combine<ElementFunctions.Subtract>(loops, a, b, result);
                break;
            case BinaryFunction.Multiply:
                Combine<ElementFunctions.Multiply>(loops, a, b, result);
                break;
            default:
                Combine<ElementFunctions.Divide>(loops, a, b, result);
                break;
        }
    }

    private void Combine<TFunction>(AxisLoops loops, StridedView a, StridedView b, StridedView result)
        where TFunction : struct, IPairFunction
    {
        long aStep = loops.Stride(0, loops.Last);
        long bStep = loops.Stride(1, loops.Last);
        ForRuns(loops, (aStart, bStart, resultStart, count) =>
            CombineRun<TFunction>((float*)a.Pointer + aStart, aStep == 0, (float*)b.Pointer + bStart, bStep == 0, (float*)result.Pointer + resultStart, count));
    }

    /// <summary>
    /// Calls body(start in operand 0, in 1, in 2, count) for runs along the last axis; all runs together cover everything
    /// once. The runs are shared out among the workers.
    /// </summary>
    private void ForRuns(AxisLoops loops, Action<long, long, long, long> body)
    {
        int last = loops.Last;
        if (loops.Rank == 1)
        {
            ForFlat(loops.Elements, (start, count) => body(start * loops.Stride(0, 0), start * loops.Stride(1, 0), start * loops.Stride(2, 0), count));
            return;
        }
        int runs = checked((int)(loops.Length(last) == 0 ? 0 : loops.Elements / loops.Length(last)));
        ForRows(runs, loops.Elements, (first, end) =>
        {
            for (int run = first; run < end; run++)
            {
                long a = 0;
                long b = 0;
                long c = 0;
                int rest = run;
                for (int axis = last - 1; axis >= 0; axis--)
                {
                    (rest, int index) = Math.DivRem(rest, loops.Length(axis));
                    a += index * loops.Stride(0, axis);
                    b += index * loops.Stride(1, axis);
                    c += index * loops.Stride(2, axis);
                }
                body(a, b, c, loops.Length(last));
            }
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CombineRun<TFunction>(float* a, bool aRepeats, float* b, bool bRepeats, float* result, long count)
        where TFunction : struct, IPairFunction
    {
        long i = 0;
        if (aRepeats || bRepeats)
        {
            Vector512<float> repeatedA = Vector512.Create(*a);
            Vector512<float> repeatedB = Vector512.Create(*b);
            for (; i + Lanes.Count <= count; i += Lanes.Count)
            {
                TFunction.Value(aRepeats ? repeatedA : Vector512.Load(a + i), bRepeats ? repeatedB : Vector512.Load(b + i)).Store(result + i);
            }
            if (i < count)
            {
                Lanes.StorePart(TFunction.Value(aRepeats ? repeatedA : Lanes.LoadPart(a + i, count - i), bRepeats ? repeatedB : Lanes.LoadPart(b + i, count - i)), result + i, count - i);
            }
            return;
        }
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            TFunction.Value(Vector512.Load(a + i), Vector512.Load(b + i)).Store(result + i);
        }
        if (i < count)
        {
            Lanes.StorePart(TFunction.Value(Lanes.LoadPart(a + i, count - i), Lanes.LoadPart(b + i, count - i)), result + i, count - i);
        }
    }
}
