using Foretell.Tensors;

namespace Foretell.TestKit.Operations;

/// <summary>One differentiable input of an operation under test: its shape and where its values are drawn from.</summary>
/// <param name="Values">Draws as many values as it is asked for.</param>
public sealed record Operand(Shape Shape, Func<SeededRandom, int, float[]> Values);

/// <summary>Where an operand's values come from. All are singles, so that every precision starts from the same numbers.</summary>
public static class Values
{
    /// <summary>Uniform in [low, high).</summary>
    public static Func<SeededRandom, int, float[]> Between(double low, double high) => (random, count) =>
        Draw(ref random, count, (ref SeededRandom r, int _) => low + (high - low) * r.NextDouble());

    /// <summary>Either sign, of magnitude in [low, high): for functions with a kink or a pole at 0.</summary>
    public static Func<SeededRandom, int, float[]> AwayFromZero(double low, double high) => (random, count) =>
        Draw(ref random, count, (ref SeededRandom r, int _) => (r.NextInt(2) == 0 ? -1 : 1) * (low + (high - low) * r.NextDouble()));

    /// <summary>No two nearer than 0.05, in random order: for maxima.</summary>
    public static Func<SeededRandom, int, float[]> Distinct() => (random, count) =>
    {
        float[] values = Draw(ref random, count, (ref SeededRandom r, int i) => 0.1 * (i - count / 2) + 0.05 * r.NextDouble());
        for (int i = count - 1; i > 0; i--)
        {
            int other = random.NextInt(i + 1);
            (values[i], values[other]) = (values[other], values[i]);
        }
        return values;
    };

    private delegate double Next(ref SeededRandom random, int index);

    private static float[] Draw(ref SeededRandom random, int count, Next next)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = (float)next(ref random, i);
        }
        return values;
    }
}

/// <summary>How an operand lies in memory when the operation sees it. The parameter behind it is always packed; the operand is a view of it.</summary>
public enum Layout
{
    /// <summary>Row-major without gaps.</summary>
    Packed,

    /// <summary>Rows cut out of longer rows, starting at an odd element.</summary>
    Padded,

    /// <summary>The last two axes exchanged in memory: rows are not adjacent elements.</summary>
    Transposed,

    /// <summary>Cut out of a larger second-to-last axis: with three axes, rows do not lie a fixed distance apart.</summary>
    Cut,
}
