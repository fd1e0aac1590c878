namespace Foretell.Evaluation.Doubt;

/// <summary>A measured number with its 95% interval.</summary>
public readonly record struct Estimate(double Value, double Low, double High)
{
    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Value:F3} ({Low:F3} to {High:F3})");
}

/// <summary>The percentile bootstrap (Efron 1979): the statistic over samples drawn with replacement.</summary>
public static class Bootstrap
{
    /// <summary>The statistic and the interval that holds 95% of its values over resamples.</summary>
    /// <param name="items">At least one.</param>
    /// <param name="statistic">A number of any list of such items.</param>
    /// <param name="seed">All of its randomness.</param>
    /// <param name="resamples">At least 40. Default 1000.</param>
    public static Estimate Interval<T>(IReadOnlyList<T> items, Func<IReadOnlyList<T>, double> statistic, ulong seed, int resamples = 1000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(items.Count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 40);
        var random = new Tensors.SeededRandom(seed);
        double[] values = new double[resamples];
        var sample = new T[items.Count];
        for (int i = 0; i < resamples; i++)
        {
            for (int at = 0; at < sample.Length; at++)
            {
                sample[at] = items[random.NextInt(items.Count)];
            }
            values[i] = statistic(sample);
        }
        Array.Sort(values);
        return new Estimate(statistic(items), values[(int)(0.025 * resamples)], values[(int)Math.Ceiling(0.975 * resamples) - 1]);
    }
}
