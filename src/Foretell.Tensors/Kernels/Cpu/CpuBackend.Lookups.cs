using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foretell.Tensors.Kernels.Cpu.Matrix;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Kernels.Cpu;

/// <content>Embeddings, gathers, maxima, rotary positions, dropout: what looks elements up by index or position.</content>
internal sealed unsafe partial class CpuBackend
{
    public override void Embedding(MatrixView ids, MatrixView weight, MatrixView result)
    {
        if (!IsFast(result) || weight.Type is DType.Float64 or DType.Int32)
        {
            base.Embedding(ids, weight, result);
            return;
        }
        ForRows(ids.Rows, (long)result.Rows * result.Columns, (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                int id = ids.Row<int>(row)[0];
                switch (weight.Type)
                {
                    case DType.Float32:
                        weight.Row<float>(id).CopyTo(result.Row<float>(row));
                        break;
                    case DType.BFloat16:
                        Widen((ushort*)weight.Pointer + id * weight.Stride, result.FloatRow(row), weight.Columns);
                        break;
                    case DType.Float16:
                        Float16Conversion.Widen((ushort*)weight.At(id, 0), result.FloatRow(row), weight.Columns);
                        break;
                    default:
                        ReferenceQuantized.Dequantize(weight, id, result.Row<float>(row));
                        break;
                }
            }
        });
    }

    public override void EmbeddingBackward(MatrixView ids, MatrixView dResult, MatrixView dWeight)
    {
        if (!IsFast(dResult) || !IsFast(dWeight))
        {
            base.EmbeddingBackward(ids, dResult, dWeight);
            return;
        }
        ForColumns(dResult.Columns, (long)dResult.Rows * dResult.Columns, (start, end) =>
        {
            for (int row = 0; row < ids.Rows; row++)
            {
                AddRow(dResult.FloatRow(row) + start, dWeight.FloatRow(ids.Row<int>(row)[0]) + start, end - start);
            }
        });
    }

    public override void Gather(MatrixView x, MatrixView indices, MatrixView result)
    {
        if (!IsFast(x))
        {
            base.Gather(x, indices, result);
            return;
        }
        for (int row = 0; row < x.Rows; row++)
        {
            *result.FloatRow(row) = x.FloatRow(row)[indices.Row<int>(row)[0]];
        }
    }

    public override void GatherBackward(MatrixView indices, MatrixView dResult, MatrixView dX)
    {
        if (!IsFast(dX))
        {
            base.GatherBackward(indices, dResult, dX);
            return;
        }
        for (int row = 0; row < dX.Rows; row++)
        {
            dX.FloatRow(row)[indices.Row<int>(row)[0]] += *dResult.FloatRow(row);
        }
    }

    public override void RowMaximum(MatrixView x, MatrixView result, MatrixView where)
    {
        if (!IsFast(x))
        {
            base.RowMaximum(x, result, where);
            return;
        }
        ForRows(x.Rows, (long)x.Rows * x.Columns, (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                float* values = x.FloatRow(row);
                int best = FirstLargest(values, x.Columns);
                where.Row<int>(row)[0] = best;
                *result.FloatRow(row) = values[best];
            }
        });
    }

    public override void Rotary(MatrixView x, MatrixView positions, MatrixView cosines, MatrixView sines, bool interleaved, bool inverse, MatrixView result)
    {
        if (!IsFast(x))
        {
            base.Rotary(x, positions, cosines, sines, interleaved, inverse, result);
            return;
        }
        int half = cosines.Columns;
        ForRows(x.Rows, (long)x.Rows * x.Columns, (start, end) =>
        {
            // A position's angles as the row's elements meet them: both of a pair have their cosine, and their sine with its sign.
            float[] angles = interleaved ? new float[4 * half] : [];
            fixed (float* pairedCosines = angles)
            {
                float* pairedSines = pairedCosines + 2 * half;
                for (int row = start; row < end; row++)
                {
                    int position = positions.Row<int>(row)[0];
                    float* cosine = cosines.FloatRow(position);
                    float* sine = sines.FloatRow(position);
                    for (int i = 0; interleaved && i < half; i++)
                    {
                        float signed = inverse ? -sine[i] : sine[i];
                        pairedCosines[2 * i] = cosine[i];
                        pairedCosines[2 * i + 1] = cosine[i];
                        pairedSines[2 * i] = -signed;
                        pairedSines[2 * i + 1] = signed;
                    }
                    for (int head = 0; head < x.Columns; head += 2 * half)
                    {
                        if (interleaved)
                        {
                            TurnNeighbours(x.FloatRow(row) + head, pairedCosines, pairedSines, result.FloatRow(row) + head, 2 * half);
                        }
                        else
                        {
                            TurnHalves(x.FloatRow(row) + head, cosine, sine, inverse ? -1 : 1, result.FloatRow(row) + head, half);
                        }
                    }
                }
            }
        });
    }

    public override void Dropout(MatrixView x, DropoutDraw draw, float probability, MatrixView result, bool accumulate)
    {
        if (!IsFast(x) || !IsFast(result))
        {
            base.Dropout(x, draw, probability, result, accumulate);
            return;
        }
        float scale = 1f / (1 - probability);
        ForElements(x.Rows, x.Columns, IsFlat(x) && IsFlat(result), (row, column, count) =>
            DropoutRun(x.FloatRow(row) + column, draw.Seed, (draw.FirstRow + row) * x.Columns + column, probability, scale, result.FloatRow(row) + column, count, accumulate));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TurnHalves(float* x, float* cosines, float* sines, float direction, float* result, int half)
    {
        Vector512<float> sign = Vector512.Create(direction);
        int i = 0;
        for (; i + Lanes.Count <= half; i += Lanes.Count)
        {
            Vector512<float> cosine = Vector512.Load(cosines + i);
            Vector512<float> sine = Vector512.Load(sines + i) * sign;
            Vector512<float> a = Vector512.Load(x + i);
            Vector512<float> b = Vector512.Load(x + half + i);
            (a * cosine - b * sine).Store(result + i);
            (b * cosine + a * sine).Store(result + half + i);
        }
        for (; i < half; i++)
        {
            float sine = sines[i] * direction;
            float a = x[i];
            float b = x[half + i];
            result[i] = a * cosines[i] - b * sine;
            result[half + i] = b * cosines[i] + a * sine;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TurnNeighbours(float* x, float* cosines, float* sines, float* result, int count)
    {
        int i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            Vector512<float> value = Vector512.Load(x + i);
            Vector512<ulong> pairs = value.AsUInt64();
            Vector512<float> partner = (Vector512.ShiftLeft(pairs, 32) | Vector512.ShiftRightLogical(pairs, 32)).AsSingle();
            (value * Vector512.Load(cosines + i) + partner * Vector512.Load(sines + i)).Store(result + i);
        }
        for (; i < count; i += 2)
        {
            float a = x[i];
            float b = x[i + 1];
            result[i] = a * cosines[i] + b * sines[i];
            result[i + 1] = b * cosines[i + 1] + a * sines[i + 1];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int FirstLargest(float* x, int count)
    {
        // As a loop from the first element that moves on only to a larger one: what is not a number loses, unless it stands first.
        if (float.IsNaN(x[0]))
        {
            return 0;
        }
        Vector512<float> largest = Vector512.Create(x[0]);
        int i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            Vector512<float> value = Vector512.Load(x + i);
            largest = Vector512.ConditionalSelect(Vector512.GreaterThan(value, largest), value, largest);
        }
        float best = Lanes.Maximum(largest);
        for (; i < count; i++)
        {
            best = x[i] > best ? x[i] : best;
        }
        return new ReadOnlySpan<float>(x, count).IndexOf(best);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DropoutRun(float* x, ulong seed, long position, float probability, float scale, float* result, long count, bool accumulate)
    {
        const int Wide = 8;
        Vector512<ulong> seeds = Vector512.Create(seed);
        Vector512<ulong> threshold = Vector512.Create((ulong)(probability * (1 << 24)));
        Vector512<float> factor = Vector512.Create(scale);
        long i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            Vector512<ulong> first = Vector512.Create((ulong)(position + i)) + Vector512<ulong>.Indices;
            Vector512<ulong> low = Vector512.GreaterThanOrEqual(Vector512.ShiftRightLogical(Mix(seeds ^ Mix(first)), 40), threshold);
            Vector512<ulong> second = first + Vector512.Create((ulong)Wide);
            Vector512<ulong> high = Vector512.GreaterThanOrEqual(Vector512.ShiftRightLogical(Mix(seeds ^ Mix(second)), 40), threshold);
            Vector512<float> kept = Vector512.Narrow(low, high).AsSingle() & (Vector512.Load(x + i) * factor);
            (accumulate ? Vector512.Load(result + i) + kept : kept).Store(result + i);
        }
        for (; i < count; i++)
        {
            float kept = ReferenceElementwise.Keeps(seed, position + i, probability) ? x[i] * scale : 0;
            result[i] = accumulate ? result[i] + kept : kept;
        }
    }

    /// <summary><see cref="SeededRandom.Mix"/>, eight at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Mix(Vector512<ulong> value)
    {
        value += Vector512.Create(0x9E3779B97F4A7C15);
        value = (value ^ Vector512.ShiftRightLogical(value, 30)) * Vector512.Create(0xBF58476D1CE4E5B9);
        value = (value ^ Vector512.ShiftRightLogical(value, 27)) * Vector512.Create(0x94D049BB133111EB);
        return value ^ Vector512.ShiftRightLogical(value, 31);
    }
}
