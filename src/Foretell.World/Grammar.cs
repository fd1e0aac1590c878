using System.Globalization;

namespace Foretell.World;

/// <summary>The small rules of English that the world's words need.</summary>
internal static class Grammar
{
    private static readonly string[] _small =
    [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
    ];

    private static readonly string[] _figures = Figures();

    /// <summary><c>an</c> before a vowel. None of the world's words starts with a silent h or a spoken y.</summary>
    public static string Article(ReadOnlySpan<char> following) => following[0] is 'a' or 'e' or 'i' or 'o' or 'u' ? "an" : "a";

    /// <summary>In words up to twenty, in figures above; 0 is <c>no</c>, as in <c>no apples</c>.</summary>
    public static string InWords(int number) => number is >= 0 and <= 20 ? _small[number] : InFigures(number);

    public static string InFigures(int number) =>
        number >= 0 && number < _figures.Length ? _figures[number] : number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A number as a short answer: <c>Seven.</c> or <c>None.</c></summary>
    public static string Answer(int number) => number == 0 ? "None." : Capitalised(InWords(number)) + ".";

    public static string Capitalised(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    public static string Coins(int number) => number == 1 ? "coin" : "coins";

    private static string[] Figures()
    {
        string[] figures = new string[200];
        for (int number = 0; number < figures.Length; number++)
        {
            figures[number] = number.ToString(CultureInfo.InvariantCulture);
        }
        return figures;
    }
}
