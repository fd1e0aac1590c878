namespace Foretell.Training;

/// <summary>Brings numbers to deviation 1.</summary>
public static class Whitening
{
    private const double Epsilon = 1e-8;

    /// <summary>(x - mean) / √(variance + 1e-8), and the mean put back where it is kept.</summary>
    /// <param name="values">All together, changed in place.</param>
    /// <param name="keepMean">Whether only the deviation changes.</param>
    public static void Apply(IReadOnlyList<double[]> values, bool keepMean)
    {
        double count = values.Sum(row => (double)row.Length);
        double mean = values.Sum(row => row.Sum()) / count;
        double scale = 1 / Math.Sqrt((values.Sum(row => row.Sum(value => (value - mean) * (value - mean))) / count) + Epsilon);
        foreach (double[] row in values)
        {
            for (int i = 0; i < row.Length; i++)
            {
                row[i] = ((row[i] - mean) * scale) + (keepMean ? mean : 0);
            }
        }
    }

    /// <summary>1 - variance(target - estimate) / variance(target): 1 for perfect estimates, 0 for a constant, below 0 for worse. 0 where the targets do not vary.</summary>
    public static double ExplainedVariance(IReadOnlyList<double> targets, IReadOnlyList<double> estimates)
    {
        double total = Variance(targets);
        return total < Epsilon ? 0 : 1 - (Variance([.. targets.Zip(estimates, (target, estimate) => target - estimate)]) / total);
    }

    private static double Variance(IReadOnlyList<double> values)
    {
        double mean = values.Average();
        return values.Average(value => (value - mean) * (value - mean));
    }
}
