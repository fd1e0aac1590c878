using static System.FormattableString;

namespace Foretell.World.Environments;

/// <summary>Different numbers put in order, the next one taken from what is left (selection sort).</summary>
public sealed class SortingEnvironment : ProblemEnvironment
{
    /// <inheritdoc/>
    public override string Name => "sorting";

    /// <inheritdoc/>
    public override string Description => "Three one-digit numbers from smallest to largest; then four; four of two digits; six; eight, up or down.";

    /// <inheritdoc/>
    public override int Levels => 5;

    private protected override ProblemDraft Draft(ProblemDraw draw, int level)
    {
        (int count, int low, int high) = level switch { 1 => (3, 1, 9), 2 => (4, 1, 9), 3 => (4, 10, 99), 4 => (6, 1, 99), _ => (8, 1, 99) };
        int[] numbers = draw.Numbers(count, low, high);
        bool down = level == 5 && draw.Random.OneIn(2);
        int[] sorted = [.. numbers.Order()];
        // The same numbers in another order are the same problem.
        bool withheld = ProblemDraw.IsWithheld(Name, sorted);
        if (down)
        {
            Array.Reverse(sorted);
        }
        var left = numbers.ToList();
        var steps = new List<string>();
        foreach (int next in sorted[..^1])
        {
            steps.Add(Invariant($"{string.Join(' ', left)}: take {next}."));
            left.Remove(next);
        }
        steps.Add(Invariant($"{left[0]}."));
        return new ProblemDraft(
            $"Sort from {(down ? "largest to smallest" : "smallest to largest")}: {string.Join(' ', numbers)}", string.Join(' ', steps), string.Join(' ', sorted), withheld);
    }

    private protected override Verdict Judge(Problem problem, string answer)
    {
        string[] items = AnswerForm.Items(answer), wanted = AnswerForm.Items(problem.Answer);
        if (items.Length != wanted.Length)
        {
            return new Verdict(false, Invariant($"The answer has {items.Length} items; {wanted.Length} were to be sorted."));
        }
        for (int i = 0; i < items.Length; i++)
        {
            if (!AnswerForm.TryNumber(items[i], out long given) || !AnswerForm.TryNumber(wanted[i], out long right) || given != right)
            {
                return new Verdict(false, Invariant($"Place {i + 1} is wrong."));
            }
        }
        return new Verdict(true);
    }
}
