using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Foretell.Tensors.Kernels.Cpu;

/// <content>RMSNorm and LayerNorm.</content>
internal sealed unsafe partial class CpuBackend
{
    /// <summary>Elements a worker takes before the column sums of the same rows are taken, so that these find them in its cache.</summary>
    private const int NormBlockElements = 64 << 10;

    public override void RmsNorm(MatrixView x, MatrixView gain, float epsilon, MatrixView result, MatrixView inverse)
    {
        if (!IsFast(x))
        {
            base.RmsNorm(x, gain, epsilon, result, inverse);
            return;
        }
        ForRows(x.Rows, (long)x.Rows * x.Columns, (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                *inverse.FloatRow(row) = RmsNormRow(x.FloatRow(row), gain.FloatRow(0), epsilon, result.FloatRow(row), x.Columns);
            }
        });
    }

    public override void RmsNormBackward(MatrixView x, MatrixView gain, MatrixView inverse, MatrixView dResult, MatrixView dX, bool accumulate, MatrixView dGain)
    {
        if (!IsFast(x))
        {
            base.RmsNormBackward(x, gain, inverse, dResult, dX, accumulate, dGain);
            return;
        }
        ForRowBlocks(x.Rows, x.Columns, (start, end) =>
        {
            for (int row = start; row < end && !dX.IsNone; row++)
            {
                RmsNormBackwardRow(x.FloatRow(row), gain.FloatRow(0), *inverse.FloatRow(row), dResult.FloatRow(row), dX.FloatRow(row), x.Columns, accumulate);
            }
        }, dGain.IsNone ? null : (row, column, count) =>
            AddNormalizedRow(x.FloatRow(row) + column, 0, *inverse.FloatRow(row), dResult.FloatRow(row) + column, dGain.FloatRow(0) + column, count));
    }

    public override void LayerNorm(MatrixView x, MatrixView gain, MatrixView bias, float epsilon, MatrixView result, MatrixView statistics)
    {
        if (!IsFast(x))
        {
            base.LayerNorm(x, gain, bias, epsilon, result, statistics);
            return;
        }
        ForRows(x.Rows, (long)x.Rows * x.Columns, (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                LayerNormRow(x.FloatRow(row), gain.FloatRow(0), (float*)bias.Pointer, epsilon, result.FloatRow(row), statistics.FloatRow(row), x.Columns);
            }
        });
    }

    public override void LayerNormBackward(MatrixView x, MatrixView gain, MatrixView statistics, MatrixView dResult, MatrixView dX, bool accumulate, MatrixView dGain, MatrixView dBias)
    {
        if (!IsFast(x))
        {
            base.LayerNormBackward(x, gain, statistics, dResult, dX, accumulate, dGain, dBias);
            return;
        }
        ForRowBlocks(x.Rows, x.Columns, (start, end) =>
        {
            for (int row = start; row < end && !dX.IsNone; row++)
            {
                LayerNormBackwardRow(x.FloatRow(row), gain.FloatRow(0), statistics.FloatRow(row), dResult.FloatRow(row), dX.FloatRow(row), x.Columns, accumulate);
            }
        }, dGain.IsNone && dBias.IsNone ? null : (row, column, count) =>
        {
            float* statistic = statistics.FloatRow(row);
            if (!dGain.IsNone)
            {
                AddNormalizedRow(x.FloatRow(row) + column, statistic[0], statistic[1], dResult.FloatRow(row) + column, dGain.FloatRow(0) + column, count);
            }
            if (!dBias.IsNone)
            {
                AddRow(dResult.FloatRow(row) + column, dBias.FloatRow(0) + column, count);
            }
        });
    }

    public override void AddColumnSums(MatrixView x, MatrixView result)
    {
        if (!IsFast(x) || !IsFast(result))
        {
            base.AddColumnSums(x, result);
            return;
        }
        ForColumns(x.Columns, (long)x.Rows * x.Columns, (start, end) =>
        {
            for (int row = 0; row < x.Rows; row++)
            {
                AddRow(x.FloatRow(row) + start, result.FloatRow(0) + start, end - start);
            }
        });
    }

    /// <summary>
    /// Row-wise work and then, while the rows are still in the caches, their sums by columns: addRow(row, column, count)
    /// sees every row in order for each part of the columns.
    /// </summary>
    private void ForRowBlocks(int rows, int columns, Action<int, int> rowWork, Action<int, int, int>? addRow)
    {
        int block = (int)Math.Clamp((long)NormBlockElements * _pool.Count / Math.Max(columns, 1), 1, Math.Max(rows, 1));
        for (int first = 0; first < rows; first += block)
        {
            int from = first;
            int count = Math.Min(block, rows - first);
            ForRows(count, (long)count * columns, (start, end) => rowWork(from + start, from + end));
            if (addRow is not null)
            {
                ForColumns(columns, (long)count * columns, (start, end) =>
                {
                    for (int row = from; row < from + count; row++)
                    {
                        addRow(row, start, end - start);
                    }
                });
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float RmsNormRow(float* x, float* gain, float epsilon, float* result, int count)
    {
        Vector512<float> first = Lanes.Rest(x, count);
        first *= first;
        Vector512<float> second = Vector512<float>.Zero;
        int i = 0;
        for (; i + 2 * Lanes.Count <= count; i += 2 * Lanes.Count)
        {
            Vector512<float> a = Vector512.Load(x + i);
            Vector512<float> b = Vector512.Load(x + i + Lanes.Count);
            first = Vector512.FusedMultiplyAdd(a, a, first);
            second = Vector512.FusedMultiplyAdd(b, b, second);
        }
        if (i + Lanes.Count <= count)
        {
            Vector512<float> a = Vector512.Load(x + i);
            first = Vector512.FusedMultiplyAdd(a, a, first);
        }
        float inverse = 1 / MathF.Sqrt(Lanes.Sum(first + second) / count + epsilon);
        Vector512<float> factor = Vector512.Create(inverse);
        for (i = 0; i + Lanes.Count <= count; i += Lanes.Count)
        {
            (Vector512.Load(x + i) * factor * Vector512.Load(gain + i)).Store(result + i);
        }
        if (i < count)
        {
            Lanes.StorePart(Lanes.LoadPart(x + i, count - i) * factor * Lanes.LoadPart(gain + i, count - i), result + i, count - i);
        }
        return inverse;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RmsNormBackwardRow(float* x, float* gain, float inverse, float* dResult, float* dX, int count, bool accumulate)
    {
        Vector512<float> first = Lanes.Rest(dResult, count) * Lanes.Rest(gain, count) * Lanes.Rest(x, count);
        Vector512<float> second = Vector512<float>.Zero;
        int i = 0;
        for (; i + 2 * Lanes.Count <= count; i += 2 * Lanes.Count)
        {
            first = Vector512.FusedMultiplyAdd(Vector512.Load(dResult + i) * Vector512.Load(gain + i), Vector512.Load(x + i), first);
            int j = i + Lanes.Count;
            second = Vector512.FusedMultiplyAdd(Vector512.Load(dResult + j) * Vector512.Load(gain + j), Vector512.Load(x + j), second);
        }
        if (i + Lanes.Count <= count)
        {
            first = Vector512.FusedMultiplyAdd(Vector512.Load(dResult + i) * Vector512.Load(gain + i), Vector512.Load(x + i), first);
        }
        Vector512<float> along = Vector512.Create(Lanes.Sum(first + second) * inverse * inverse * inverse / count);
        Vector512<float> factor = Vector512.Create(inverse);
        for (i = 0; i + Lanes.Count <= count; i += Lanes.Count)
        {
            Vector512<float> gradient = Vector512.Load(dResult + i) * Vector512.Load(gain + i) * factor;
            gradient = Vector512.FusedMultiplyAdd(-Vector512.Load(x + i), along, gradient);
            (accumulate ? Vector512.Load(dX + i) + gradient : gradient).Store(dX + i);
        }
        if (i < count)
        {
            int rest = count - i;
            Vector512<float> gradient = Lanes.LoadPart(dResult + i, rest) * Lanes.LoadPart(gain + i, rest) * factor;
            gradient = Vector512.FusedMultiplyAdd(-Lanes.LoadPart(x + i, rest), along, gradient);
            Lanes.StorePart(accumulate ? Lanes.LoadPart(dX + i, rest) + gradient : gradient, dX + i, rest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LayerNormRow(float* x, float* gain, float* bias, float epsilon, float* result, float* statistics, int count)
    {
        float mean = RowSum(x, count) / count;
        Vector512<float> center = Vector512.Create(mean);
        // Padded with the mean, whose distance from itself is zero.
        Vector512<float> squares = Lanes.Rest(x, count, mean) - center;
        squares *= squares;
        int whole = Lanes.Whole(count);
        for (int i = 0; i < whole; i += Lanes.Count)
        {
            Vector512<float> distance = Vector512.Load(x + i) - center;
            squares = Vector512.FusedMultiplyAdd(distance, distance, squares);
        }
        float inverse = 1 / MathF.Sqrt(Lanes.Sum(squares) / count + epsilon);
        statistics[0] = mean;
        statistics[1] = inverse;
        Vector512<float> factor = Vector512.Create(inverse);
        for (int i = 0; i < whole; i += Lanes.Count)
        {
            Vector512<float> shift = bias == null ? Vector512<float>.Zero : Vector512.Load(bias + i);
            Vector512.FusedMultiplyAdd((Vector512.Load(x + i) - center) * factor, Vector512.Load(gain + i), shift).Store(result + i);
        }
        if (whole < count)
        {
            Vector512<float> shift = bias == null ? Vector512<float>.Zero : Lanes.Rest(bias, count);
            Vector512<float> last = Vector512.FusedMultiplyAdd((Lanes.Rest(x, count) - center) * factor, Lanes.Rest(gain, count), shift);
            Lanes.StorePart(last, result + whole, count - whole);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LayerNormBackwardRow(float* x, float* gain, float* statistics, float* dResult, float* dX, int count, bool accumulate)
    {
        Vector512<float> center = Vector512.Create(statistics[0]);
        Vector512<float> factor = Vector512.Create(statistics[1]);
        int whole = Lanes.Whole(count);
        Vector512<float> sums = Lanes.Rest(dResult, count) * Lanes.Rest(gain, count);
        Vector512<float> projections = sums * ((Lanes.Rest(x, count) - center) * factor);
        for (int i = 0; i < whole; i += Lanes.Count)
        {
            Vector512<float> scaled = Vector512.Load(dResult + i) * Vector512.Load(gain + i);
            sums += scaled;
            projections = Vector512.FusedMultiplyAdd(scaled, (Vector512.Load(x + i) - center) * factor, projections);
        }
        Vector512<float> meanGradient = Vector512.Create(Lanes.Sum(sums) / count);
        Vector512<float> along = Vector512.Create(Lanes.Sum(projections) / count);
        for (int i = 0; i < whole; i += Lanes.Count)
        {
            Vector512<float> scaled = Vector512.Load(dResult + i) * Vector512.Load(gain + i);
            Vector512<float> normalized = (Vector512.Load(x + i) - center) * factor;
            Vector512<float> gradient = factor * Vector512.FusedMultiplyAdd(-normalized, along, scaled - meanGradient);
            (accumulate ? Vector512.Load(dX + i) + gradient : gradient).Store(dX + i);
        }
        if (whole < count)
        {
            Vector512<float> normalized = (Lanes.Rest(x, count) - center) * factor;
            Vector512<float> gradient = factor * Vector512.FusedMultiplyAdd(-normalized, along, Lanes.Rest(dResult, count) * Lanes.Rest(gain, count) - meanGradient);
            Lanes.StorePart(accumulate ? Lanes.Rest(dX, count) + gradient : gradient, dX + whole, count - whole);
        }
    }

    /// <summary>sum += dResult · (x - mean) · inverse.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddNormalizedRow(float* x, float mean, float inverse, float* dResult, float* sum, int count)
    {
        Vector512<float> center = Vector512.Create(mean);
        Vector512<float> factor = Vector512.Create(inverse);
        int i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            Vector512.FusedMultiplyAdd((Vector512.Load(x + i) - center) * factor, Vector512.Load(dResult + i), Vector512.Load(sum + i)).Store(sum + i);
        }
        if (i < count)
        {
            int rest = count - i;
            Lanes.StorePart(Vector512.FusedMultiplyAdd((Lanes.LoadPart(x + i, rest) - center) * factor, Lanes.LoadPart(dResult + i, rest), Lanes.LoadPart(sum + i, rest)), sum + i, rest);
        }
    }

    /// <summary>sum += x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRow(float* x, float* sum, long count)
    {
        long i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            (Vector512.Load(sum + i) + Vector512.Load(x + i)).Store(sum + i);
        }
        for (; i < count; i++)
        {
            sum[i] += x[i];
        }
    }

    /// <summary>The sum of a row in the fixed order of its lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float RowSum(float* x, int count)
    {
        Vector512<float> first = Lanes.Rest(x, count);
        Vector512<float> second = Vector512<float>.Zero;
        int i = 0;
        for (; i + 2 * Lanes.Count <= count; i += 2 * Lanes.Count)
        {
            first += Vector512.Load(x + i);
            second += Vector512.Load(x + i + Lanes.Count);
        }
        if (i + Lanes.Count <= count)
        {
            first += Vector512.Load(x + i);
        }
        return Lanes.Sum(first + second);
    }
}
