using System.Numerics;

namespace Foretell.Tensors.Kernels.Reference;

/// <summary>Normalisations of rows in plain loops: RMSNorm (Zhang and Sennrich 2019), LayerNorm (Ba et al. 2016), softmax.</summary>
internal static class ReferenceNorms
{
    public static void RmsNorm<T>(Rows<T> x, Rows<T> gain, float epsilon, Rows<T> result, Rows<T> inverse)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T columns = T.CreateChecked(x.Columns);
        for (int r = 0; r < x.Count; r++)
        {
            T squares = T.Zero;
            for (int c = 0; c < x.Columns; c++)
            {
                squares += x[r, c] * x[r, c];
            }
            T factor = T.One / T.Sqrt(squares / columns + T.CreateTruncating(epsilon));
            inverse[r, 0] = factor;
            for (int c = 0; c < x.Columns; c++)
            {
                result[r, c] = x[r, c] * factor * gain[0, c];
            }
        }
    }

    public static void RmsNormBackward<T>(Rows<T> x, Rows<T> gain, Rows<T> inverse, Rows<T> dResult, Rows<T> dX, bool accumulate, Rows<T> dGain)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T columns = T.CreateChecked(x.Columns);
        for (int r = 0; r < x.Count; r++)
        {
            T factor = inverse[r, 0];
            T projection = T.Zero;
            for (int c = 0; c < x.Columns; c++)
            {
                projection += dResult[r, c] * gain[0, c] * x[r, c];
            }
            T along = projection * factor * factor * factor / columns;
            for (int c = 0; c < x.Columns; c++)
            {
                if (!dX.IsNone)
                {
                    T gradient = dResult[r, c] * gain[0, c] * factor - x[r, c] * along;
                    dX[r, c] = accumulate ? dX[r, c] + gradient : gradient;
                }
                if (!dGain.IsNone)
                {
                    dGain[0, c] += dResult[r, c] * x[r, c] * factor;
                }
            }
        }
    }

    public static void LayerNorm<T>(Rows<T> x, Rows<T> gain, Rows<T> bias, float epsilon, Rows<T> result, Rows<T> statistics)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T columns = T.CreateChecked(x.Columns);
        for (int r = 0; r < x.Count; r++)
        {
            T sum = T.Zero;
            for (int c = 0; c < x.Columns; c++)
            {
                sum += x[r, c];
            }
            T mean = sum / columns;
            T squares = T.Zero;
            for (int c = 0; c < x.Columns; c++)
            {
                squares += (x[r, c] - mean) * (x[r, c] - mean);
            }
            T factor = T.One / T.Sqrt(squares / columns + T.CreateTruncating(epsilon));
            statistics[r, 0] = mean;
            statistics[r, 1] = factor;
            for (int c = 0; c < x.Columns; c++)
            {
                result[r, c] = (x[r, c] - mean) * factor * gain[0, c] + (bias.IsNone ? T.Zero : bias[0, c]);
            }
        }
    }

    public static void LayerNormBackward<T>(Rows<T> x, Rows<T> gain, Rows<T> statistics, Rows<T> dResult, Rows<T> dX, bool accumulate, Rows<T> dGain, Rows<T> dBias)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T columns = T.CreateChecked(x.Columns);
        for (int r = 0; r < x.Count; r++)
        {
            T mean = statistics[r, 0];
            T factor = statistics[r, 1];
            T sum = T.Zero;
            T projection = T.Zero;
            for (int c = 0; c < x.Columns; c++)
            {
                T normalized = (x[r, c] - mean) * factor;
                sum += dResult[r, c] * gain[0, c];
                projection += dResult[r, c] * gain[0, c] * normalized;
                if (!dGain.IsNone)
                {
                    dGain[0, c] += dResult[r, c] * normalized;
                }
                if (!dBias.IsNone)
                {
                    dBias[0, c] += dResult[r, c];
                }
            }
            for (int c = 0; !dX.IsNone && c < x.Columns; c++)
            {
                T normalized = (x[r, c] - mean) * factor;
                T gradient = factor * (dResult[r, c] * gain[0, c] - sum / columns - normalized * projection / columns);
                dX[r, c] = accumulate ? dX[r, c] + gradient : gradient;
            }
        }
    }

    public static void Softmax<T>(Rows<T> x, Rows<T> result, bool logarithm)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int r = 0; r < x.Count; r++)
        {
            T maximum = T.NegativeInfinity;
            for (int c = 0; c < x.Columns; c++)
            {
                maximum = T.Max(maximum, x[r, c]);
            }
            T sum = T.Zero;
            for (int c = 0; c < x.Columns; c++)
            {
                sum += T.Exp(x[r, c] - maximum);
            }
            for (int c = 0; c < x.Columns; c++)
            {
                result[r, c] = logarithm ? x[r, c] - maximum - T.Log(sum) : T.Exp(x[r, c] - maximum) / sum;
            }
        }
    }

    public static void SoftmaxBackward<T>(Rows<T> result, Rows<T> dResult, Rows<T> dX, bool accumulate, bool logarithm)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int r = 0; r < result.Count; r++)
        {
            T sum = T.Zero;
            for (int c = 0; c < result.Columns; c++)
            {
                sum += logarithm ? dResult[r, c] : dResult[r, c] * result[r, c];
            }
            for (int c = 0; c < result.Columns; c++)
            {
                T gradient = logarithm ? dResult[r, c] - T.Exp(result[r, c]) * sum : result[r, c] * (dResult[r, c] - sum);
                dX[r, c] = accumulate ? dX[r, c] + gradient : gradient;
            }
        }
    }

    public static void CrossEntropy<T>(Rows<T> logits, Rows<int> targets, Rows<float> weights, float scale, Rows<T> losses, bool gradient)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int r = 0; r < logits.Count; r++)
        {
            T weight = T.CreateTruncating(weights[r, 0]) * T.CreateTruncating(scale);
            T maximum = T.NegativeInfinity;
            for (int c = 0; c < logits.Columns; c++)
            {
                maximum = T.Max(maximum, logits[r, c]);
            }
            T sum = T.Zero;
            for (int c = 0; c < logits.Columns; c++)
            {
                sum += T.Exp(logits[r, c] - maximum);
            }
            bool counts = weights[r, 0] != 0;
            int target = targets[r, 0];
            losses[r, 0] = counts ? maximum + T.Log(sum) - logits[r, target] : T.Zero;
            for (int c = 0; gradient && c < logits.Columns; c++)
            {
                logits[r, c] = counts ? T.Exp(logits[r, c] - maximum) / sum * weight - (c == target ? weight : T.Zero) : T.Zero;
            }
        }
    }
}
