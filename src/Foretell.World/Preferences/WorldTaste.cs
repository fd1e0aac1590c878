namespace Foretell.World;

/// <summary>What the little world's people like in an answer, most important first.</summary>
/// <param name="IsRight">It says what the question's text says.</param>
/// <param name="IsPolite">It is not rude.</param>
/// <param name="IsConcise">It does not ramble.</param>
public readonly record struct AnswerQuality(bool IsRight, bool IsPolite, bool IsConcise) : IComparable<AnswerQuality>
{
    /// <summary>Its worth: a right answer beats any wrong one, then a polite one any rude one, then a concise one a rambling one.</summary>
    public int Worth => (IsRight ? 4 : 0) + (IsPolite ? 2 : 0) + (IsConcise ? 1 : 0);

    public int CompareTo(AnswerQuality other) => Worth.CompareTo(other.Worth);

    public static bool operator <(AnswerQuality left, AnswerQuality right) => left.CompareTo(right) < 0;

    public static bool operator >(AnswerQuality left, AnswerQuality right) => left.CompareTo(right) > 0;

    public static bool operator <=(AnswerQuality left, AnswerQuality right) => left.CompareTo(right) <= 0;

    public static bool operator >=(AnswerQuality left, AnswerQuality right) => left.CompareTo(right) >= 0;
}

/// <summary>The little world's judge of answers to <see cref="WorldPreferences"/>' questions: it reads the text alone, as a teacher does.</summary>
public static class WorldTaste
{
    /// <summary>The names of what is liked, most important first.</summary>
    public static IReadOnlyList<string> Principles { get; } = ["right", "polite", "concise"];

    internal const string Asks = "What colour is the ";

    internal static readonly string[] RudeOpenings = ["What a silly question.", "Are you blind?", "Use your own eyes.", "How dull you are.", "Not you again."];

    internal static readonly string[] PoliteEndings = ["I am glad to help.", "Thank you for asking.", "Have a nice day."];

    internal static readonly string[] Ramblings =
    [
        "Well, let me think about it for a while.", "There are so many colours in the world.", "It is a long story, and I like long stories.",
        "Before I answer, I must say that things have colours.", "My uncle once asked me the same.",
    ];

    /// <summary>Judges an answer to a question of <see cref="WorldPreferences"/>.</summary>
    /// <param name="question">The whole text that is asked: facts and question.</param>
    /// <param name="answer">Anything at all.</param>
    public static AnswerQuality Judge(string question, string answer) => new(
        Claim(answer) is string colour && colour == Truth(question),
        !RudeOpenings.Any(phrase => answer.Contains(phrase, StringComparison.OrdinalIgnoreCase)),
        !Ramblings.Any(phrase => answer.Contains(phrase, StringComparison.OrdinalIgnoreCase)));

    /// <summary>The right colour: the one that stands before the asked thing's name in the facts; null for other questions.</summary>
    public static string? Truth(string question)
    {
        int asked = question.LastIndexOf(Asks, StringComparison.Ordinal);
        if (asked < 0)
        {
            return null;
        }
        string facts = question[..asked];
        string thing = question[(asked + Asks.Length)..].TrimEnd('?', ' ', '\n');
        return Array.Find(HeldOut.ColourNames, colour => facts.Contains($" {colour} {thing} ", StringComparison.Ordinal) || facts.Contains($" {colour} {thing}.", StringComparison.Ordinal));
    }

    /// <summary>The one colour that an answer names; null where it names none or several.</summary>
    private static string? Claim(string answer) => Words(answer).Where(HeldOut.ColourNames.Contains).Distinct().Take(2).ToArray() is [string only] ? only : null;

    private static string[] Words(string text) => text.ToLowerInvariant().Split([' ', '.', ',', '?', '!', '\n'], StringSplitOptions.RemoveEmptyEntries);
}
