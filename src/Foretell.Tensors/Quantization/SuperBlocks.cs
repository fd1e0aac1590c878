using System.Buffers.Binary;

namespace Foretell.Tensors;

/// <summary>
/// Rounding to super-blocks of 256. A group's scale (and minimum) is searched: for each of a score of trial scales the
/// numbers are rounded, the scale and minimum that fit these levels best are solved for by weighted least squares, and the
/// trial of the least error wins. Groups' scales then become small integers under one half-precision scale, and the
/// numbers are rounded once more with what was stored. Departs from ggml only in the order of sums.
/// </summary>
internal static class SuperBlocks
{
    private const int Length = 256;
    private const double TrialStep = 0.1;

    /// <summary>Q4_K: eight groups of 32 levels 0 to 15, six-bit scales and minima; errors weigh |x| + the group's root mean square.</summary>
    public static void QuantizeFourBits(ReadOnlySpan<float> values, Span<byte> block)
    {
        const int groups = 8, group = 32, mostLevel = 15, mostScale = 63;
        Span<double> scales = stackalloc double[groups];
        Span<double> minima = stackalloc double[groups];
        for (int g = 0; g < groups; g++)
        {
            (scales[g], minima[g]) = FitScaleAndMinimum(values.Slice(g * group, group), mostLevel);
        }
        Half scale = (Half)(Largest(scales) / mostScale);
        Half minimum = (Half)(Largest(minima) / mostScale);
        Span<byte> groupScales = stackalloc byte[groups];
        Span<byte> groupMinima = stackalloc byte[groups];
        Span<byte> levels = stackalloc byte[Length];
        for (int g = 0; g < groups; g++)
        {
            groupScales[g] = (byte)Math.Min(mostScale, Share(scales[g], Largest(scales)) * mostScale + 0.5);
            groupMinima[g] = (byte)Math.Min(mostScale, Share(minima[g], Largest(minima)) * mostScale + 0.5);
            double step = (double)scale * groupScales[g];
            double shift = (double)minimum * groupMinima[g];
            for (int i = g * group; i < (g + 1) * group; i++)
            {
                levels[i] = (byte)Round((values[i] + shift) / (step == 0 ? double.PositiveInfinity : step), 0, mostLevel);
            }
        }
        BinaryPrimitives.WriteHalfLittleEndian(block, scale);
        BinaryPrimitives.WriteHalfLittleEndian(block[2..], minimum);
        BlockLevels.WriteSixBitPairs(groupScales, groupMinima, block.Slice(4, 12));
        for (int i = 0; i < Length / 2; i++)
        {
            int at = i / group * 2 * group + i % group;
            block[16 + i] = (byte)(levels[at] | levels[at + group] << 4);
        }
    }

    /// <summary>Q6_K: sixteen groups of 16 levels -32 to 31, signed eight-bit scales; errors weigh x².</summary>
    public static void QuantizeSixBits(ReadOnlySpan<float> values, Span<byte> block)
    {
        const int groups = 16, group = 16, mostLevel = 31, zero = 32, highStart = 128, scaleStart = 192, superStart = 208;
        Span<double> scales = stackalloc double[groups];
        double extreme = 0;
        for (int g = 0; g < groups; g++)
        {
            scales[g] = FitScale(values.Slice(g * group, group), zero);
            extreme = Math.Abs(scales[g]) > Math.Abs(extreme) ? scales[g] : extreme;
        }
        Half scale = (Half)(extreme / -128);
        block.Clear();
        BinaryPrimitives.WriteHalfLittleEndian(block[superStart..], scale);
        for (int g = 0; g < groups; g++)
        {
            int groupScale = extreme == 0 ? 0 : Round(scales[g] / extreme * -128, -128, 127);
            block[scaleStart + g] = (byte)(sbyte)groupScale;
            double step = (double)scale * groupScale;
            for (int i = g * group; i < (g + 1) * group; i++)
            {
                int level = zero + Round(values[i] / (step == 0 ? double.PositiveInfinity : step), -zero, mostLevel);
                int half = i / 128, quarter = i / 32 % 4, place = i % 32;
                block[64 * half + 32 * (quarter % 2) + place] |= (byte)((level & 15) << 4 * (quarter / 2));
                block[highStart + 32 * half + place] |= (byte)(level >> 4 << 2 * quarter);
            }
        }
    }

    /// <summary>scale and minimum, both at least 0, of x ≈ scale · level − minimum.</summary>
    private static (double Scale, double Minimum) FitScaleAndMinimum(ReadOnlySpan<float> x, int mostLevel)
    {
        const int trials = 10;
        double least = 0, most = x[0], squares = 0;
        foreach (float value in x)
        {
            least = Math.Min(least, value);
            most = Math.Max(most, value);
            squares += (double)value * value;
        }
        if (most <= least)
        {
            return (0, -least);
        }
        double rootMeanSquare = Math.Sqrt(squares / x.Length);
        (double Scale, double Minimum, double Error) best = (0, 0, double.PositiveInfinity);
        Span<int> levels = stackalloc int[x.Length];
        for (int trial = -trials; trial <= trials; trial++)
        {
            double inverse = (mostLevel + trial * TrialStep) / (most - least);
            double sum = 0, sumLevel = 0, sumLevelSquare = 0, sumX = 0, sumXLevel = 0;
            for (int i = 0; i < x.Length; i++)
            {
                levels[i] = Round(inverse * (x[i] - least), 0, mostLevel);
                double weight = rootMeanSquare + Math.Abs(x[i]);
                sum += weight;
                sumLevel += weight * levels[i];
                sumLevelSquare += weight * levels[i] * levels[i];
                sumX += weight * x[i];
                sumXLevel += weight * x[i] * levels[i];
            }
            double determinant = sum * sumLevelSquare - sumLevel * sumLevel;
            double scale = (sum * sumXLevel - sumX * sumLevel) / determinant;
            double shift = (sumLevelSquare * sumX - sumLevel * sumXLevel) / determinant;
            // All at one level (a constant) leave the pair undetermined.
            if (determinant <= 0 || shift > 0)
            {
                shift = 0;
                scale = Share(sumXLevel, sumLevelSquare);
            }
            double error = 0;
            for (int i = 0; i < x.Length; i++)
            {
                double difference = scale * levels[i] + shift - x[i];
                error += (rootMeanSquare + Math.Abs(x[i])) * difference * difference;
            }
            if (scale >= 0 && error < best.Error)
            {
                best = (scale, -shift, error);
            }
        }
        return (best.Scale, best.Minimum);
    }

    /// <summary>The scale of x ≈ scale · level for levels -zero to zero - 1; negative where the largest magnitude is positive, since -zero reaches farther.</summary>
    private static double FitScale(ReadOnlySpan<float> x, int zero)
    {
        const int trials = 9;
        double extreme = 0;
        foreach (float value in x)
        {
            extreme = Math.Abs(value) > Math.Abs(extreme) ? value : extreme;
        }
        double bestGain = 0, best = 0;
        for (int trial = -trials; trial <= trials && extreme != 0; trial++)
        {
            double inverse = -(zero + trial * TrialStep) / extreme;
            double sumXLevel = 0, sumLevelSquare = 0;
            foreach (float value in x)
            {
                int level = Round(inverse * value, -zero, zero - 1);
                double weight = (double)value * value;
                sumXLevel += weight * value * level;
                sumLevelSquare += weight * level * level;
            }
            // The weighted squared error at the best scale is a constant less this.
            double gain = sumLevelSquare == 0 ? 0 : sumXLevel * sumXLevel / sumLevelSquare;
            if (gain > bestGain)
            {
                bestGain = gain;
                best = sumXLevel / sumLevelSquare;
            }
        }
        return best;
    }

    private static int Round(double value, int least, int most) => (int)Math.Clamp(Math.Round(value), least, most);

    private static double Share(double part, double whole) => whole == 0 ? 0 : part / whole;

    private static double Largest(ReadOnlySpan<double> values)
    {
        double largest = 0;
        foreach (double value in values)
        {
            largest = Math.Max(largest, value);
        }
        return largest;
    }
}
