using System.Globalization;
using static System.FormattableString;

namespace Foretell.World.Environments;

/// <summary>
/// Reach a number with given numbers, each used exactly once. Any expression that does it is right. The thoughts try a way or
/// two that fail, and say so, before the one that works.
/// </summary>
public sealed class CountdownEnvironment : ProblemEnvironment
{
    /// <inheritdoc/>
    public override string Name => "countdown";

    /// <inheritdoc/>
    public override string Description => "Make a number from two given numbers by adding or taking away; then times; then from three numbers; then from four.";

    /// <inheritdoc/>
    public override int Levels => 5;

    private protected override ProblemDraft Draft(ProblemDraw draw, int level)
    {
        SeededRandom random = draw.Random;
        (int count, int greatest, string signs) = level switch { 1 => (2, 20, "+-"), 2 => (2, 12, "+-*"), 3 => (3, 20, "+-"), 4 => (3, 12, "+-*"), _ => (4, 12, "+-*") };
        int[] numbers = draw.Numbers(count, 2, greatest);
        (int Value, string Text)[] parts = Array.ConvertAll(numbers, number => (number, number.ToString(CultureInfo.InvariantCulture)));
        // A working way first: two parts at a time are joined until one is left.
        var steps = new List<string>();
        var left = parts.ToList();
        while (left.Count > 1)
        {
            (int Value, string Text) first = Take(random, left), second = Take(random, left);
            char sign = signs[random.Below(signs.Length)];
            if (sign == '-' && first.Value < second.Value)
            {
                (first, second) = (second, first);
            }
            int value = Join(first.Value, sign, second.Value);
            steps.Add(Invariant($"{first.Value} {sign} {second.Value} = {value}"));
            left.Add((value, Joined(first.Text, sign, second.Text)));
        }
        (int target, string text) = left[0];
        int[] key = [.. numbers.Order(), target];
        if (target is < 1 or > 200)
        {
            return Draft(draw, level);
        }
        return new ProblemDraft(
            Invariant($"Use {Listed(numbers)}, each once, to make {target}."),
            string.Concat(Failing(random, numbers, signs, target, level)) + Invariant($"{string.Join(", ", steps)}. That is {target}. So {text}."),
            text,
            ProblemDraw.IsWithheld(Name, key));
    }

    private protected override Verdict Judge(Problem problem, string answer)
    {
        (List<long> given, long target) = Read(problem.Question);
        int equals = answer.IndexOf('=');
        if (equals >= 0)
        {
            if (AnswerForm.TryNumber(answer[(equals + 1)..].Trim(), out long said) && said == target)
            {
                answer = answer[..equals];
            }
            else if (AnswerForm.TryNumber(answer[..equals].Trim(), out said) && said == target)
            {
                answer = answer[(equals + 1)..];
            }
            else
            {
                return new Verdict(false, "What stands beside the equals sign is not the number to make.");
            }
        }
        if (!Expression.TryEvaluate(answer.Trim(), out Fraction value, out List<long> used))
        {
            return new Verdict(false, "The answer is not an expression of numbers, + - * / and parentheses.");
        }
        given.Sort();
        used.Sort();
        return !given.SequenceEqual(used) ? new Verdict(false, "The numbers used are not the given ones, each once.")
            : value == new Fraction(target, 1) ? new Verdict(true)
            : new Verdict(false, "The expression makes another number.");
    }

    private static (List<long> Given, long Target) Read(string question)
    {
        var numbers = new List<long>();
        foreach (string word in AnswerForm.Words(question))
        {
            if (char.IsAsciiDigit(word[0]) && AnswerForm.TryNumber(word, out long number))
            {
                numbers.Add(number);
            }
        }
        long target = numbers.Count == 0 ? 0 : numbers[^1];
        return (numbers.Count == 0 ? numbers : numbers[..^1], target);
    }

    // Ways that make another number, to show that a try may fail and the next one work.
    private static IEnumerable<string> Failing(SeededRandom random, int[] numbers, string signs, int target, int level)
    {
        int tries = random.Below(level >= 3 ? 3 : 2);
        for (int i = 0; i < tries; i++)
        {
            var left = numbers.ToList();
            var steps = new List<string>();
            int value = 0;
            while (left.Count > 1)
            {
                int first = Take(random, left), second = Take(random, left);
                char sign = signs[random.Below(signs.Length)];
                if (sign == '-' && first < second)
                {
                    (first, second) = (second, first);
                }
                value = Join(first, sign, second);
                steps.Add(Invariant($"{first} {sign} {second} = {value}"));
                left.Add(value);
            }
            if (value != target)
            {
                yield return Invariant($"{string.Join(", ", steps)}. That is not {target}. ");
            }
        }
    }

    private static T Take<T>(SeededRandom random, List<T> from)
    {
        int at = random.Below(from.Count);
        T item = from[at];
        from.RemoveAt(at);
        return item;
    }

    private static int Join(int left, char sign, int right) => sign switch { '+' => left + right, '-' => left - right, _ => left * right };

    private static string Joined(string left, char sign, string right) => $"{Wrapped(left, sign, false)} {sign} {Wrapped(right, sign, true)}";

    // Parentheses where the usual order would read something else.
    private static string Wrapped(string part, char sign, bool isRight)
    {
        bool isNumber = part.All(char.IsAsciiDigit);
        return isNumber || (sign == '+' || (sign == '-' && !isRight)) ? part : $"({part})";
    }

    private static string Listed(int[] numbers) => $"{string.Join(", ", numbers[..^1])} and {numbers[^1]}";
}
