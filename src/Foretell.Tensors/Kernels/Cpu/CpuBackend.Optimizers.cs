using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Foretell.Tensors.Kernels.Cpu;

/// <content>Steps on parameters.</content>
internal sealed unsafe partial class CpuBackend
{
    public override void AdamW(AdamWStep step, MatrixView parameter, MatrixView gradient, MatrixView firstMoment, MatrixView secondMoment)
    {
        if (!IsFast(parameter) || !IsFast(gradient) || !IsFast(firstMoment) || !IsFast(secondMoment))
        {
            base.AdamW(step, parameter, gradient, firstMoment, secondMoment);
            return;
        }
        bool flat = IsFlat(parameter) && IsFlat(gradient) && IsFlat(firstMoment) && IsFlat(secondMoment);
        ForElements(parameter.Rows, parameter.Columns, flat, (row, column, count) =>
            AdamWRun(step, parameter.FloatRow(row) + column, gradient.FloatRow(row) + column, firstMoment.FloatRow(row) + column, secondMoment.FloatRow(row) + column, count));
    }

    /// <summary>Blocks of a row are summed each for itself and their sums added in order.</summary>
    public override double SquaredNorm(MatrixView x)
    {
        if (!IsFast(x))
        {
            return base.SquaredNorm(x);
        }
        // Without gaps the rows are one: the blocks then do not depend on how the elements are shaped.
        (int rows, long columns) = IsFlat(x) ? (1, (long)x.Rows * x.Columns) : (x.Rows, x.Columns);
        int blocks = checked((int)((columns + SumBlock - 1) / SumBlock));
        double total = 0;
        double[] sums = new double[blocks];
        for (int row = 0; row < rows; row++)
        {
            float* values = x.FloatRow(row);
            ForRange(blocks, 1, columns, (first, end) =>
            {
                for (int block = first; block < end; block++)
                {
                    sums[block] = SquaredSum(values + (long)block * SumBlock, (int)Math.Min(SumBlock, columns - (long)block * SumBlock));
                }
            });
            foreach (double sum in sums)
            {
                total += sum;
            }
        }
        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AdamWRun(AdamWStep step, float* parameter, float* gradient, float* firstMoment, float* secondMoment, long count)
    {
        long i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            Vector512<float> values = Vector512.Load(parameter + i);
            Vector512<float> first = Vector512.Load(firstMoment + i);
            Vector512<float> second = Vector512.Load(secondMoment + i);
            AdamWLanes(step, ref values, Vector512.Load(gradient + i), ref first, ref second);
            values.Store(parameter + i);
            first.Store(firstMoment + i);
            second.Store(secondMoment + i);
        }
        if (i < count)
        {
            int rest = (int)(count - i);
            Vector512<float> values = Lanes.LoadPart(parameter + i, rest);
            Vector512<float> first = Lanes.LoadPart(firstMoment + i, rest);
            Vector512<float> second = Lanes.LoadPart(secondMoment + i, rest);
            AdamWLanes(step, ref values, Lanes.LoadPart(gradient + i, rest), ref first, ref second);
            Lanes.StorePart(values, parameter + i, rest);
            Lanes.StorePart(first, firstMoment + i, rest);
            Lanes.StorePart(second, secondMoment + i, rest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AdamWLanes(AdamWStep step, ref Vector512<float> values, Vector512<float> gradient, ref Vector512<float> first, ref Vector512<float> second)
    {
        gradient *= Vector512.Create(step.GradientScale);
        first = Vector512.FusedMultiplyAdd(first, Vector512.Create(step.Beta1), gradient * Vector512.Create(1 - step.Beta1));
        second = Vector512.FusedMultiplyAdd(second, Vector512.Create(step.Beta2), gradient * gradient * Vector512.Create(1 - step.Beta2));
        Vector512<float> deviation = Vector512.Sqrt(second * Vector512.Create(1 / step.SecondCorrection)) + Vector512.Create(step.Epsilon);
        Vector512<float> change = first * Vector512.Create(step.Rate / step.FirstCorrection) / deviation;
        values -= Vector512.FusedMultiplyAdd(values, Vector512.Create(step.Decay), change);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double SquaredSum(float* x, int count)
    {
        (Vector512<double> lower, Vector512<double> upper) = Vector512.Widen(Lanes.Rest(x, count));
        lower *= lower;
        upper *= upper;
        int whole = Lanes.Whole(count);
        for (int i = 0; i < whole; i += Lanes.Count)
        {
            (Vector512<double> low, Vector512<double> high) = Vector512.Widen(Vector512.Load(x + i));
            lower = Vector512.FusedMultiplyAdd(low, low, lower);
            upper = Vector512.FusedMultiplyAdd(high, high, upper);
        }
        return Lanes.Sum(lower, upper);
    }
}
