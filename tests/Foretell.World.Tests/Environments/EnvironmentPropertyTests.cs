using System.Text.RegularExpressions;
using Foretell.World.Environments;

namespace Foretell.World.Tests.Environments;

/// <summary>What holds of every environment at every level, over thousands of draws.</summary>
public partial class EnvironmentPropertyTests(ITestOutputHelper output)
{
    private const int Count = 2000;

    public static TheoryData<string, int> Levels()
    {
        var data = new TheoryData<string, int>();
        foreach (IEnvironment environment in EnvironmentCatalogue.All)
        {
            for (int level = 1; level <= environment.Levels; level++)
            {
                data.Add(environment.Name, level);
            }
        }
        return data;
    }

    // Elsewhere the answer is put together from the lines of the thoughts and does not stand there as it is.
    public static TheoryData<string, int> Spoken() => [.. Levels().Where(row => !(row.Data.Item1 is "liars" or "json-extraction" or "sorting" or "grid-paths" or "reverse" || row.Data is ("unit-conversion", 4)))];

    public static TheoryData<string> Names() => [.. EnvironmentCatalogue.All.Select(environment => environment.Name)];

    [Theory]
    [MemberData(nameof(Levels))]
    public void Generate_SameSeed_GivesTheSameProblemAndOthersOthers(string name, int level)
    {
        IEnvironment environment = EnvironmentCatalogue.Named(name);
        Problem[] once = Draw(name, level, WorldSplit.Training, 200), again = Draw(name, level, WorldSplit.Training, 200);
        Assert.Equal(once, again);
        Assert.True(once.Distinct().Count() > 30);
        Assert.All(once, problem => Assert.Equal((name, level), (problem.Environment, problem.Level)));
        Assert.Throws<ArgumentOutOfRangeException>(() => environment.Generate(1, environment.Levels + 1, WorldSplit.Training));
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Verify_TheProblemsOwnAnswer_IsRightInEveryForm(string name, int level)
    {
        IEnvironment environment = EnvironmentCatalogue.Named(name);
        foreach (WorldSplit split in Enum.GetValues<WorldSplit>())
        {
            foreach (Problem problem in Draw(name, level, split, Count / 4))
            {
                string answer = problem.Answer;
                foreach (string form in new[] { answer, $"  {answer}\n", $"{answer}.", $"The answer is {answer}.", $"Answer: {answer}", $"**{answer}**", $"So the answer is: {answer}" })
                {
                    Verdict verdict = environment.Verify(problem, form);
                    Assert.True(verdict.IsRight, $"{problem}: \"{form}\" {verdict.Reason}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Verify_SeveralCandidates_IsWrong(string name, int level)
    {
        IEnvironment environment = EnvironmentCatalogue.Named(name);
        Problem[] problems = Draw(name, level, WorldSplit.Training, 300);
        for (int i = 1; i < problems.Length; i++)
        {
            (string right, string other) = (problems[i].Answer, problems[i - 1].Answer);
            // A word of the question may stand beside the answer.
            if (right == other || problems[i].Question.Split(". ")[^1].Contains(other, StringComparison.Ordinal))
            {
                continue;
            }
            foreach (string both in new[] { $"{right} or {other}", $"{other}, {right}", $"{right}, {other}", $"{right}\n{other}", $"not {right}", $"{other} {right}" })
            {
                Assert.False(environment.Verify(problems[i], both).IsRight, $"{problems[i]}: \"{both}\"");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Verify_AnotherProblemsAnswer_IsWrong(string name, int level)
    {
        IEnvironment environment = EnvironmentCatalogue.Named(name);
        Problem[] problems = Draw(name, level, WorldSplit.Training, Count / 2);
        for (int i = 1; i < problems.Length; i++)
        {
            Problem problem = problems[i];
            // A path through one grid may lead through another, and numbers that two problems share may make both targets.
            if (name is "grid-paths" or "countdown" || problems[i - 1].Answer == problem.Answer)
            {
                continue;
            }
            Verdict verdict = environment.Verify(problem, problems[i - 1].Answer);
            Assert.False(verdict.IsRight, $"{problem}: {problems[i - 1].Answer}");
            Assert.NotEqual("", verdict.Reason);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Verify_HostileAnswers_GivesAVerdictAtOnce(string name)
    {
        IEnvironment environment = EnvironmentCatalogue.Named(name);
        string[] hostile =
        [
            "", " ", "\n\t", ".", "-", "=", "==", "/", "1/0", "(", new string('(', 900) + "1" + new string(')', 900), new string('(', 500), new string(')', 500), new string('9', 999), new string('x', 1_000_000),
            new string(' ', 1_000_000), "NaN", "Infinity", "1e309", "0x10", "\uD800", "\0", "١٢", "１２", "十二", "двенадцать", "{\"a\":", "{}", "[]", "null", "[[[[[[", string.Concat(Enumerable.Repeat("{\"a\":", 150)),
            string.Concat(Enumerable.Repeat("1+", 400)), string.Concat(Enumerable.Repeat("999999999*", 90)) + "1", "So so so", string.Concat(Enumerable.Repeat("the answer is ", 60)), "\\boxed{}", "\\boxed{", "**", "\"\"",
        ];
        for (int level = 1; level <= environment.Levels; level++)
        {
            Problem problem = environment.Generate(7, level, WorldSplit.Training);
            Assert.All(hostile, answer => Assert.False(environment.Verify(problem, answer).IsRight));
            Assert.False(environment.Verify(problem, null!).IsRight);
            // A damaged problem is no reason to throw either.
            Assert.False(environment.Verify(problem with { Question = "", Answer = "" }, "something else").IsRight);
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Generate_Splits_ShareNoQuestion(string name, int level)
    {
        var training = Draw(name, level, WorldSplit.Training, Count).Select(problem => problem.Question).ToHashSet();
        Assert.DoesNotContain(Draw(name, level, WorldSplit.HeldOut, Count), problem => training.Contains(problem.Question));
        Assert.DoesNotContain(Draw(name, level, WorldSplit.HeldOutNames, Count / 2), problem => training.Contains(problem.Question));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Generate_HigherLevels_AskAndThinkMore(string name)
    {
        IEnvironment environment = EnvironmentCatalogue.Named(name);
        double before = 0, first = 0;
        for (int level = 1; level <= environment.Levels; level++)
        {
            Problem[] problems = Draw(name, level, WorldSplit.Training, 300);
            double length = problems.Average(problem => Tokens(problem.Question) + Tokens(problem.Thoughts));
            int longest = problems.Max(problem => Tokens(problem.Question) + Tokens(problem.Thoughts) + Tokens(problem.Answer));
            output.WriteLine(FormattableString.Invariant($"{name} {level}: {length:F1} words and signs on average, {longest} at most"));
            // A level may be harder by its numbers or by the kind of thought alone, and then be shorter than the one before.
            Assert.True(length >= before * 0.6, $"level {level}");
            Assert.True(longest <= (level == 1 ? 80 : level == 2 ? 140 : 320), $"level {level}: {longest}");
            (first, before) = (level == 1 ? length : first, length);
        }
        Assert.True(before >= first * 1.5, "The highest level is hardly longer than the first.");
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Generate_OverThousands_NoConstantAnswerPaysAndFewRepeat(string name, int level)
    {
        Problem[] problems = Draw(name, level, WorldSplit.Training, Count);
        IGrouping<string, Problem> common = problems.GroupBy(problem => problem.Answer).MaxBy(group => group.Count())!;
        int distinct = problems.Select(problem => problem.Question).Distinct().Count();
        output.WriteLine(FormattableString.Invariant($"{name} {level}: \"{common.Key}\" answers {(double)common.Count() / Count:P1}; {distinct} of {Count} questions differ; e.g. {problems[0]}"));
        Assert.InRange((double)common.Count() / Count, 0, 0.35);
        Assert.InRange(distinct, level >= 3 ? Count * 4 / 10 : 35, Count);
        Assert.All(problems, problem => Assert.False(string.IsNullOrWhiteSpace(problem.Thoughts)));
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Generate_EquationsOfTheThoughts_AreTrue(string name, int level)
    {
        foreach (Problem problem in Draw(name, level, WorldSplit.Training, 500))
        {
            foreach (Match equation in Equation().Matches(problem.Thoughts))
            {
                Assert.True(Expression.TryEvaluate(equation.Groups[1].Value, out Fraction value, out _), problem.ToString());
                Assert.True(value.Denominator == 1 && value.Numerator == long.Parse(equation.Groups[2].Value, System.Globalization.CultureInfo.InvariantCulture), $"{equation}: {problem}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Spoken))]
    public void Generate_Thoughts_ArriveAtTheAnswer(string name, int level)
    {
        Assert.All(Draw(name, level, WorldSplit.Training, 500), problem =>
            Assert.True(problem.Thoughts.Contains(problem.Answer, StringComparison.OrdinalIgnoreCase) || problem.Answer == "nobody" || problem.Thoughts.EndsWith("the same day.", StringComparison.Ordinal), problem.ToString()));
    }

    internal static Problem[] Draw(string name, int level, WorldSplit split, int count)
    {
        IEnvironment environment = EnvironmentCatalogue.Named(name);
        return [.. Enumerable.Range(0, count).Select(seed => environment.Generate((ulong)seed, level, split))];
    }

    // Words, single digits and signs: what a small vocabulary needs.
    private static int Tokens(string text) => Token().Count(text);

    [GeneratedRegex(@"(\d+(?: [-+*] \d+)+) = (\d+)")]
    private static partial Regex Equation();

    [GeneratedRegex(@"[A-Za-z]+|\d|[^\sA-Za-z\d]")]
    private static partial Regex Token();
}
