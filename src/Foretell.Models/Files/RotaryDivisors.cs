using Foretell.Nn;

namespace Foretell.Models.Files;

/// <summary>
/// Llama 3.1's stretching of rotary frequencies as GGUF files hold it, a divisor a frequency, and back to the four numbers
/// that config.json has. Those are found from the divisors: between the two wavelengths, the share that is kept,
/// (1 / divisor - 1 / factor) / (1 - 1 / factor), is a straight line over the frequency.
/// </summary>
internal static class RotaryDivisors
{
    private const double Tolerance = 1e-5;

    /// <summary>[headSize / 2].</summary>
    public static float[] Of(Llama3RotaryScaling scaling, int headSize, double frequencyBase) =>
        [.. Enumerable.Range(0, headSize / 2).Select(pair => (float)scaling.Divisor(headSize, frequencyBase, pair))];

    /// <summary>The scaling that gives the divisors, or null where none does.</summary>
    public static Llama3RotaryScaling? Scaling(float[] divisors, int headSize, double frequencyBase)
    {
        double factor = divisors.Max();
        if (divisors.Length != headSize / 2 || !(divisors.Min() > 0) || !double.IsFinite(factor) || factor <= 1)
        {
            return null;
        }
        return Candidates(divisors, headSize, frequencyBase, factor).Cast<Llama3RotaryScaling?>().FirstOrDefault(scaling => Fits(scaling!.Value, divisors, headSize, frequencyBase));
    }

    /// <summary>The published numbers first: several may give the same divisors.</summary>
    private static IEnumerable<Llama3RotaryScaling> Candidates(float[] divisors, int headSize, double frequencyBase, double factor)
    {
        yield return new Llama3RotaryScaling(factor, 1, 4, 8192);
        var between = new List<(double Frequency, double Kept)>();
        for (int pair = 0; pair < divisors.Length; pair++)
        {
            double kept = (1 / (double)divisors[pair] - 1 / factor) / (1 - 1 / factor);
            if (kept is > 1e-4 and < 1 - 1e-4)
            {
                between.Add((Math.Pow(frequencyBase, -2.0 * pair / headSize), kept));
            }
        }
        if (between.Count >= 2)
        {
            // kept = (context · frequency / 2π - low) / (high - low), with low = 1: only ratios matter.
            ((double f1, double k1), (double f2, double k2)) = (between[0], between[^1]);
            double slope = (k1 - k2) / (f1 - f2), constant = k1 - slope * f1;
            double spread = -1 / constant;
            yield return new Llama3RotaryScaling(factor, 1, Math.Round(1 + spread, 4), Rounded(2 * Math.PI * slope * spread));
        }
        else if (between.Count == 1)
        {
            yield return new Llama3RotaryScaling(factor, 1, 4, Rounded(2 * Math.PI * (1 + 3 * between[0].Kept) / between[0].Frequency));
        }
        for (int context = 1; context < 1 << 24; context *= 2)
        {
            yield return new Llama3RotaryScaling(factor, 1, 4, context);
        }
    }

    private static int Rounded(double context) => context is > 0 and < int.MaxValue ? (int)Math.Round(context) : 1;

    private static bool Fits(Llama3RotaryScaling scaling, float[] divisors, int headSize, double frequencyBase)
    {
        for (int pair = 0; pair < divisors.Length; pair++)
        {
            if (Math.Abs(scaling.Divisor(headSize, frequencyBase, pair) / divisors[pair] - 1) > Tolerance)
            {
                return false;
            }
        }
        return true;
    }
}
