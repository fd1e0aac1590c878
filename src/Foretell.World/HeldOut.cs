namespace Foretell.World;

/// <summary>What training never says: the rules are arithmetic, so that any machine and any reader can check them.</summary>
public static class HeldOut
{
    private static readonly Dictionary<string, ThingKind> _kinds = Things.Kinds.ToDictionary(kind => kind.Name);

    private static readonly HashSet<string> _names = [.. People.HeldOutGirls, .. People.HeldOutBoys];

    /// <summary>The names that occur only in <see cref="WorldSplit.HeldOutNames"/>.</summary>
    public static IReadOnlyCollection<string> Names => _names;

    /// <summary>The numbers that occur only in <see cref="WorldSplit.HeldOut"/>, as figures or in words.</summary>
    public static IReadOnlyList<int> Numbers { get; } = [17, 37, 58, 73, 89];

    /// <summary>The colours, in the order in which <see cref="IsColouredThing(string, string)"/> counts them.</summary>
    public static IReadOnlyList<string> Colours => ColourNames;

    /// <summary>Every thing that can have a colour.</summary>
    public static IReadOnlyList<string> ThingNames { get; } = Array.ConvertAll(Things.Kinds, kind => kind.Name);

    internal static readonly string[] ColourNames =
        ["red", "blue", "green", "yellow", "purple", "pink", "white", "black", "brown", "grey", "orange"];

    public static bool IsName(string name) => _names.Contains(name);

    public static bool IsNumber(int number) => number is 17 or 37 or 58 or 73 or 89;

    /// <summary>Whether the colour and the thing are kept apart in training. Each thing has exactly one such colour.</summary>
    public static bool IsColouredThing(string colour, string thing) =>
        _kinds.TryGetValue(thing, out ThingKind? kind) && ColourOf(kind) == colour;

    /// <summary>Whether training never adds the two numbers (in either order).</summary>
    public static bool IsAddition(int left, int right) => IsPair(left, right, 1);

    /// <summary>Whether training never takes <paramref name="right"/> from <paramref name="left"/>.</summary>
    public static bool IsSubtraction(int left, int right) => IsAddition(left - right, right);

    /// <summary>Whether training never multiplies the two numbers (in either order).</summary>
    public static bool IsMultiplication(int left, int right) => IsPair(left, right, 2);

    internal static string ColourOf(ThingKind kind) => ColourNames[((kind.Index * 7) + 3) % ColourNames.Length];

    private static bool IsPair(int left, int right, int operation)
    {
        int low = Math.Min(left, right), high = Math.Max(left, right);
        return SeededRandom.Combine((ulong)((low * 1000) + high), (ulong)operation) % 9 == 0;
    }
}
