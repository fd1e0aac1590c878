namespace Foretell.Evaluation;

/// <summary>A share of successes with its uncertainty.</summary>
public readonly record struct Proportion(int Successes, int Trials)
{
    /// <summary>The observed share; 0 without trials.</summary>
    public double Share => Trials == 0 ? 0 : (double)Successes / Trials;

    /// <summary>Wilson's 95% interval (Wilson 1927), in [0, 1].</summary>
    public (double Low, double High) Interval
    {
        get
        {
            if (Trials == 0)
            {
                return (0, 1);
            }
            const double Z = 1.959963984540054;
            double n = Trials;
            double centre = (Share + Z * Z / (2 * n)) / (1 + Z * Z / n);
            double half = Z / (1 + Z * Z / n) * Math.Sqrt(Share * (1 - Share) / n + Z * Z / (4 * n * n));
            return (Math.Max(0, centre - half), Math.Min(1, centre + half));
        }
    }

    public override string ToString() => FormattableString.Invariant($"{Share:P1} ({Interval.Low:P1} to {Interval.High:P1})");
}
