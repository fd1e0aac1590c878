using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Foretell.Tensors.Kernels.Cpu;

/// <content>Softmax, its logarithm, cross-entropy.</content>
internal sealed unsafe partial class CpuBackend
{
    public override void Softmax(MatrixView x, MatrixView result)
    {
        if (!IsFast(x))
        {
            base.Softmax(x, result);
            return;
        }
        ForRows(x.Rows, (long)x.Rows * x.Columns, (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                float maximum = RowLargest(x.FloatRow(row), x.Columns);
                float sum = Exponentials(x.FloatRow(row), maximum, result.FloatRow(row), x.Columns);
                ScaleRow(result.FloatRow(row), 1 / sum, result.FloatRow(row), x.Columns);
            }
        });
    }

    public override void LogSoftmax(MatrixView x, MatrixView result)
    {
        if (!IsFast(x))
        {
            base.LogSoftmax(x, result);
            return;
        }
        ForRows(x.Rows, (long)x.Rows * x.Columns, (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                float maximum = RowLargest(x.FloatRow(row), x.Columns);
                float sum = Exponentials(x.FloatRow(row), maximum, null, x.Columns);
                SubtractRow(x.FloatRow(row), maximum, VectorMath.Log(sum), result.FloatRow(row), x.Columns);
            }
        });
    }

    public override void SoftmaxBackward(MatrixView result, MatrixView dResult, MatrixView dX, bool accumulate)
    {
        if (!IsFast(result))
        {
            base.SoftmaxBackward(result, dResult, dX, accumulate);
            return;
        }
        ForRows(result.Rows, (long)result.Rows * result.Columns, (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                SoftmaxBackwardRow(result.FloatRow(row), dResult.FloatRow(row), dX.FloatRow(row), result.Columns, accumulate);
            }
        });
    }

    public override void LogSoftmaxBackward(MatrixView result, MatrixView dResult, MatrixView dX, bool accumulate)
    {
        if (!IsFast(result))
        {
            base.LogSoftmaxBackward(result, dResult, dX, accumulate);
            return;
        }
        ForRows(result.Rows, (long)result.Rows * result.Columns, (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                LogSoftmaxBackwardRow(result.FloatRow(row), dResult.FloatRow(row), dX.FloatRow(row), result.Columns, accumulate);
            }
        });
    }

    public override void CrossEntropy(MatrixView logits, MatrixView targets, MatrixView weights, float scale, MatrixView losses, bool gradient)
    {
        if (!IsFast(logits))
        {
            base.CrossEntropy(logits, targets, weights, scale, losses, gradient);
            return;
        }
        ForRows(logits.Rows, (long)logits.Rows * logits.Columns, (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                float* x = logits.FloatRow(row);
                float rowWeight = *weights.FloatRow(row);
                if (rowWeight == 0)
                {
                    *losses.FloatRow(row) = 0;
                    if (gradient)
                    {
                        logits.Row<float>(row).Clear();
                    }
                    continue;
                }
                int target = targets.Row<int>(row)[0];
                float weight = rowWeight * scale;
                float maximum = RowLargest(x, logits.Columns);
                float atTarget = x[target];
                float sum = Exponentials(x, maximum, gradient ? x : null, logits.Columns);
                // In the order of LogSoftmax, so that a trainer's log-probabilities are a sampler's to the bit.
                *losses.FloatRow(row) = VectorMath.Log(sum) - (atTarget - maximum);
                if (gradient)
                {
                    ScaleRow(x, weight / sum, x, logits.Columns);
                    x[target] -= weight;
                }
            }
        });
    }

    /// <summary>The largest of a row; where one is not a number, whatever makes later exponentials so.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float RowLargest(float* x, int count)
    {
        Vector512<float> first = Lanes.Rest(x, count, float.NegativeInfinity);
        Vector512<float> second = first;
        int i = 0;
        for (; i + 2 * Lanes.Count <= count; i += 2 * Lanes.Count)
        {
            first = Vector512.MaxNative(first, Vector512.Load(x + i));
            second = Vector512.MaxNative(second, Vector512.Load(x + i + Lanes.Count));
        }
        if (i + Lanes.Count <= count)
        {
            first = Vector512.MaxNative(first, Vector512.Load(x + i));
        }
        return Lanes.Maximum(Vector512.MaxNative(first, second));
    }

    /// <summary>Writes e^(x - maximum), unless result is null, and returns the sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Exponentials(float* x, float maximum, float* result, int count)
    {
        Vector512<float> shift = Vector512.Create(maximum);
        int whole = Lanes.Whole(count);
        Vector512<float> sums = Vector512<float>.Zero;
        if (whole < count)
        {
            sums = VectorMath.Exp(Lanes.Rest(x, count, float.NegativeInfinity) - shift);
            if (result != null)
            {
                Lanes.StorePart(sums, result + whole, count - whole);
            }
        }
        for (int i = 0; i < whole; i += Lanes.Count)
        {
            Vector512<float> value = VectorMath.Exp(Vector512.Load(x + i) - shift);
            sums += value;
            if (result != null)
            {
                value.Store(result + i);
            }
        }
        return Lanes.Sum(sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScaleRow(float* x, float scale, float* result, long count)
    {
        Vector512<float> factor = Vector512.Create(scale);
        long i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            (Vector512.Load(x + i) * factor).Store(result + i);
        }
        for (; i < count; i++)
        {
            result[i] = x[i] * scale;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SubtractRow(float* x, float first, float second, float* result, int count)
    {
        int i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            (Vector512.Load(x + i) - Vector512.Create(first) - Vector512.Create(second)).Store(result + i);
        }
        for (; i < count; i++)
        {
            result[i] = x[i] - first - second;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SoftmaxBackwardRow(float* result, float* dResult, float* dX, int count, bool accumulate)
    {
        Vector512<float> sums = Lanes.Rest(dResult, count) * Lanes.Rest(result, count);
        int i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            sums = Vector512.FusedMultiplyAdd(Vector512.Load(dResult + i), Vector512.Load(result + i), sums);
        }
        Vector512<float> sum = Vector512.Create(Lanes.Sum(sums));
        for (i = 0; i + Lanes.Count <= count; i += Lanes.Count)
        {
            Vector512<float> gradient = Vector512.Load(result + i) * (Vector512.Load(dResult + i) - sum);
            (accumulate ? Vector512.Load(dX + i) + gradient : gradient).Store(dX + i);
        }
        for (; i < count; i++)
        {
            float gradient = result[i] * (dResult[i] - sum.ToScalar());
            dX[i] = accumulate ? dX[i] + gradient : gradient;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LogSoftmaxBackwardRow(float* result, float* dResult, float* dX, int count, bool accumulate)
    {
        Vector512<float> negativeSum = Vector512.Create(-RowSum(dResult, count));
        int i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            Vector512<float> gradient = Vector512.FusedMultiplyAdd(VectorMath.Exp(Vector512.Load(result + i)), negativeSum, Vector512.Load(dResult + i));
            (accumulate ? Vector512.Load(dX + i) + gradient : gradient).Store(dX + i);
        }
        if (i < count)
        {
            int rest = count - i;
            Vector512<float> gradient = Vector512.FusedMultiplyAdd(VectorMath.Exp(Lanes.LoadPart(result + i, rest)), negativeSum, Lanes.LoadPart(dResult + i, rest));
            Lanes.StorePart(accumulate ? Lanes.LoadPart(dX + i, rest) + gradient : gradient, dX + i, rest);
        }
    }
}
