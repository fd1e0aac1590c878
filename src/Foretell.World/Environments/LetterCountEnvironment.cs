using static System.FormattableString;

namespace Foretell.World.Environments;

/// <summary>How often a letter occurs in a word: the word is spelled and the letter counted aloud. The count is drawn first, so that no number is the usual one.</summary>
public sealed class LetterCountEnvironment : ProblemEnvironment
{
    /// <inheritdoc/>
    public override string Name => "letter-count";

    /// <inheritdoc/>
    public override string Description => "How often a letter occurs: in four letters set apart; in six; in a word of six; of nine; of twelve.";

    /// <inheritdoc/>
    public override int Levels => 5;

    private protected override ProblemDraft Draft(ProblemDraw draw, int level)
    {
        SeededRandom random = draw.Random;
        (int length, int most) = level switch { 1 => (4, 3), 2 => (6, 4), 3 => (6, 4), 4 => (9, 5), _ => (12, 6) };
        char wanted = (char)('a' + random.Below(26));
        int count = random.Between(0, most);
        char[] letters = new char[length];
        for (int i = 0; i < length; i++)
        {
            do
            {
                letters[i] = i < count ? wanted : (char)('a' + random.Below(26));
            }
            while (i >= count && letters[i] == wanted);
        }
        random.Shuffle<char>(letters);
        string word = new(letters);
        bool withheld = ProblemDraw.IsWithheld(Name, $"{wanted} {word}");
        string where = level <= 2 ? Letters.Spelled(word) : $"the word {word}";
        return new ProblemDraft(Invariant($"How often does the letter {wanted} occur in {where}?"), Counting(letters, wanted, count), Invariant($"{count}"), withheld);
    }

    private protected override Verdict Judge(Problem problem, string answer)
    {
        // "a" is also the article; it is taken as the letter where the number stands alone.
        string[] words = AnswerForm.Words(answer);
        return words.Length > 0 && words[^1].Equals("times", StringComparison.OrdinalIgnoreCase)
            ? AnswerForm.JudgeNumber(problem, string.Join(' ', words[..^1]))
            : words is [var once] && TryTimes(once, out int number)
                ? AnswerForm.JudgeNumber(problem, Invariant($"{number}"))
                : AnswerForm.JudgeNumber(problem, answer);
    }

    private static bool TryTimes(string word, out int number)
    {
        number = word.ToLowerInvariant() switch { "never" => 0, "once" => 1, "twice" => 2, _ => -1 };
        return number >= 0;
    }

    private static string Counting(char[] letters, char wanted, int count)
    {
        int so = 0;
        var steps = new List<string>();
        foreach (char letter in letters)
        {
            so += letter == wanted ? 1 : 0;
            steps.Add(letter == wanted ? Invariant($"{letter} {so}") : $"{letter}");
        }
        return Invariant($"{string.Join(", ", steps)}. That is {count}.");
    }
}
