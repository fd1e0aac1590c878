using static System.FormattableString;

namespace Foretell.World.Environments;

/// <summary>The next number of a row, from the steps between its numbers.</summary>
public sealed class SequencesEnvironment : ProblemEnvironment
{
    /// <inheritdoc/>
    public override string Name => "sequences";

    /// <inheritdoc/>
    public override string Description => "The next number of a row that grows by a small step; that falls or grows; two steps in turn; a factor and a step; a growing step.";

    /// <inheritdoc/>
    public override int Levels => 5;

    private protected override ProblemDraft Draft(ProblemDraw draw, int level)
    {
        SeededRandom random = draw.Random;
        return level switch
        {
            1 => Steps(random.Between(1, 20), random.Between(2, 5), 0, 4),
            2 => random.OneIn(2) ? Steps(random.Between(1, 40), random.Between(2, 12), 0, 4) : Steps(random.Between(60, 99), -random.Between(2, 12), 0, 4),
            3 => InTurn(random.Between(1, 30), random.Between(2, 12), random.Between(1, 12)),
            4 => Factor(random.Between(2, 40), random.Between(2, 3), random.Between(1, 25)),
            _ => Steps(random.Between(1, 40), random.Between(1, 12), random.Between(1, 5), 5),
        };
    }

    private protected override Verdict Judge(Problem problem, string answer) => AnswerForm.JudgeNumber(problem, answer);

    // Each step is the one before plus growth.
    private ProblemDraft Steps(int first, int step, int growth, int shown)
    {
        int[] row = new int[shown + 1];
        row[0] = first;
        for (int i = 1; i <= shown; i++)
        {
            row[i] = row[i - 1] + step + ((i - 1) * growth);
        }
        int last = step + ((shown - 1) * growth);
        string thoughts = growth == 0 ? Differences(row[..2]) : Differences(row[..^1]) + Invariant($" The steps grow by {growth}: {last - growth} + {growth} = {last}.");
        return Ask(row, thoughts + $" {Sum(row[^2], last)}", ProblemDraw.IsWithheld(Name, first, step, growth));
    }

    // Up by one step, down by the other.
    private ProblemDraft InTurn(int first, int up, int down)
    {
        int[] row = new int[7];
        row[0] = first + down;
        for (int i = 1; i < row.Length; i++)
        {
            row[i] = row[i - 1] + (i % 2 == 1 ? up : -down);
        }
        // The row ends after a step up in half of the problems.
        int length = (first + up + down) % 2 == 0 ? 6 : 7;
        row = row[..length];
        int next = length % 2 == 0 ? up : -down;
        return Ask(row, $"{Differences(row[..3])} {Sum(row[^2], next)}", ProblemDraw.IsWithheld(Name, row[0], up, -down));
    }

    private ProblemDraft Factor(int first, int factor, int plus)
    {
        int[] row = new int[5];
        row[0] = first;
        for (int i = 1; i < row.Length; i++)
        {
            row[i] = (row[i - 1] * factor) + plus;
        }
        string thoughts = string.Join(' ', Enumerable.Range(1, 4).Select(i => Invariant($"{row[i - 1]} * {factor} + {plus} = {row[i]}.")));
        return Ask(row, thoughts, ProblemDraw.IsWithheld(Name, first, 1000 + factor, plus));
    }

    private static ProblemDraft Ask(int[] row, string thoughts, bool withheld) =>
        new($"What comes next? {string.Join(", ", row[..^1])}", thoughts, Invariant($"{row[^1]}"), withheld);

    private static string Differences(int[] row) =>
        string.Join(' ', Enumerable.Range(1, row.Length - 1).Select(i => row[i] >= row[i - 1] ? Invariant($"{row[i]} - {row[i - 1]} = {row[i] - row[i - 1]}, up {row[i] - row[i - 1]}.") : Invariant($"{row[i - 1]} - {row[i]} = {row[i - 1] - row[i]}, down {row[i - 1] - row[i]}.")));

    private static string Sum(int number, int step) => step >= 0 ? Invariant($"{number} + {step} = {number + step}.") : Invariant($"{number} - {-step} = {number + step}.");
}
