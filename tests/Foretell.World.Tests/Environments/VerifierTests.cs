using System.Text.RegularExpressions;
using Foretell.World.Environments;

namespace Foretell.World.Tests.Environments;

/// <summary>Answers that are right in another way, and wrong in a way of the environment's own.</summary>
public partial class VerifierTests
{
    [Theory]
    [InlineData("85", true)]
    [InlineData("27 + 58 = 85", true)]
    [InlineData("The result is: 85!", true)]
    [InlineData("\\boxed{85}", true)]
    [InlineData("$85$", true)]
    [InlineData("86", false)]
    [InlineData("84 = 85", false)]
    [InlineData("85.5", false)]
    [InlineData("85 86", false)]
    [InlineData("8 5", false)]
    [InlineData("not 85", false)]
    [InlineData("85 or so, maybe 86", false)]
    public void Arithmetic_Forms_AreReadAsMeant(string answer, bool right) =>
        Assert.Equal(right, EnvironmentCatalogue.Verify(new Problem("arithmetic", 2, "What is 27 + 58?", "", "85"), answer).IsRight);

    [Theory]
    [InlineData("1,234", true)]
    [InlineData("1234 grams", true)]
    [InlineData("-1234", false)]
    [InlineData("12,34", false)]
    [InlineData("1, 234", false)]
    public void UnitConversion_Thousands_MayHaveACommaAndTheUnit(string answer, bool right) =>
        Assert.Equal(right, EnvironmentCatalogue.Verify(new Problem("unit-conversion", 3, "How many grams are 1 kilogram and 234 grams?", "", "1234"), answer).IsRight);

    [Theory]
    [InlineData("twelve", true)]
    [InlineData("12 apples", true)]
    [InlineData("Anna has 12 apples now.", true)]
    [InlineData("12 pears", false)]
    [InlineData("none", false)]
    public void WordProblems_Forms_AreReadAsMeant(string answer, bool right) =>
        Assert.Equal(right, EnvironmentCatalogue.Verify(new Problem("word-problems", 1, "Anna has 5 apples. She gets 7 more. How many apples does Anna have now?", "", "12"), answer).IsRight);

    [Theory]
    [InlineData("(9 - 2) * 11", true)]
    [InlineData("11 × (9 − 2) = 77", true)]
    [InlineData("77 = 11 * (9 - 2)", true)]
    [InlineData("9 - 2 * 11", false)]
    [InlineData("7 * 11", false)]
    [InlineData("77", false)]
    [InlineData("77 = 77", false)]
    [InlineData("(9 - 2) * 11 + 11 - 11", false)]
    [InlineData("(9 - 2) * 11 = 78", false)]
    public void Countdown_AnyExpressionOfTheNumbers_Counts(string answer, bool right) =>
        Assert.Equal(right, EnvironmentCatalogue.Verify(new Problem("countdown", 4, "Use 2, 9 and 11, each once, to make 77.", "", "(9 - 2) * 11"), answer).IsRight);

    [Theory]
    [InlineData("[1, 2, 3]", true)]
    [InlineData("1, 2 and 3", true)]
    [InlineData("1 2 3 3", false)]
    [InlineData("3 2 1", false)]
    [InlineData("1 2", false)]
    public void Sorting_Lists_MayBeWrittenAsOneLikes(string answer, bool right) =>
        Assert.Equal(right, EnvironmentCatalogue.Verify(new Problem("sorting", 1, "Sort from smallest to largest: 2 3 1", "", "1 2 3"), answer).IsRight);

    [Theory]
    [InlineData("right right down down", true)]
    [InlineData("D, D, R, R", true)]
    [InlineData("down right down right", false)]
    [InlineData("right right", false)]
    [InlineData("right right down down down", false)]
    [InlineData("right left right right down down", true)]
    public void GridPaths_AnyWay_IsWalked(string answer, bool right) =>
        Assert.Equal(right, EnvironmentCatalogue.Verify(new Problem("grid-paths", 2, "Find a way from S to G, not through #.\nS . .\n. # .\n. . G", "", "right right down down"), answer).IsRight);

    [Fact]
    public void GridPaths_ADetour_IsWrongWhereAShortestWayIsAsked()
    {
        var problem = new Problem("grid-paths", 3, "Find a shortest way from S to G, not through #.\nS . .\n. # .\n. . G", "", "right right down down");
        Assert.True(EnvironmentCatalogue.Verify(problem, "down down right right").IsRight);
        Assert.False(EnvironmentCatalogue.Verify(problem, "right left right right down down").IsRight);
    }

    [Theory]
    [InlineData("{\"age\": 30, \"name\": \"Anna\"}", true)]
    [InlineData("```json\n{\"name\": \"Anna\", \"age\": 30}\n```", true)]
    [InlineData("{\"name\":\"anna\",\"age\":30.0}", true)]
    [InlineData("{\"name\":\"Anna\",\"age\":\"30\"}", false)]
    [InlineData("{\"name\":\"Anna\",\"age\":30,\"job\":null}", false)]
    [InlineData("{\"name\":\"Anna\",\"age\":31}", false)]
    [InlineData("{\"name\":\"Anna\",\"name\":\"Ben\",\"age\":30}", false)]
    [InlineData("{\"name\":\"Anna\",\"age\":30} {\"name\":\"Anna\",\"age\":31}", false)]
    [InlineData("[{\"name\":\"Anna\",\"age\":30}]", false)]
    [InlineData("{\"name\":\"\\ud800\",\"age\":30}", false)]
    public void JsonExtraction_Structure_IsCompared(string answer, bool right) =>
        Assert.Equal(right, EnvironmentCatalogue.Verify(new Problem("json-extraction", 2, "Anna is 30 years old. Write JSON with name, age.", "", "{\"name\":\"Anna\",\"age\":30}"), answer).IsRight);

    [Theory]
    [InlineData("Anna and Carl", true)]
    [InlineData("Carl, Anna", true)]
    [InlineData("Anna and Carl tell the truth.", true)]
    [InlineData("Anna", false)]
    [InlineData("Anna, Ben and Carl", false)]
    [InlineData("nobody", false)]
    [InlineData("nobody, Anna and Carl", false)]
    public void Liars_TheSetOfNames_IsCompared(string answer, bool right) =>
        Assert.Equal(right, EnvironmentCatalogue.Verify(new Problem("liars", 2, "Who tells the truth?", "", "Anna and Carl"), answer).IsRight);

    [Theory]
    [InlineData("9:05", true)]
    [InlineData("09:05", true)]
    [InlineData("It is 9:05.", true)]
    [InlineData("9:5", false)]
    [InlineData("9.05", false)]
    [InlineData("21:05", false)]
    [InlineData("9:05 or 9:06", false)]
    public void Clock_Times_AreReadAsMeant(string answer, bool right) =>
        Assert.Equal(right, EnvironmentCatalogue.Verify(new Problem("clock", 2, "It is 8:55. What time is it 10 minutes later?", "", "9:05"), answer).IsRight);

    [Fact]
    public void Liars_TriedByAnotherReader_HaveOneSolutionAndItIsTheAnswer()
    {
        for (int level = 1; level <= 5; level++)
        {
            foreach (Problem problem in EnvironmentPropertyTests.Draw("liars", level, WorldSplit.Training, 300))
            {
                string[] people = [.. Says().Matches(problem.Question).Select(said => said.Groups[1].Value).Concat(Of().Matches(problem.Question).Select(said => said.Groups[1].Value)).Distinct()];
                var solutions = new List<HashSet<string>>();
                for (int honest = 0; honest < 1 << people.Length; honest++)
                {
                    var truthful = people.Where((_, i) => ((honest >> i) & 1) == 1).ToHashSet();
                    bool fits = problem.Question.Split(". ").Skip(1).All(sentence => Holds(sentence, truthful));
                    if (fits)
                    {
                        solutions.Add(truthful);
                    }
                }
                HashSet<string> only = Assert.Single(solutions);
                Assert.Equal(only.Order(), problem.Answer == "nobody" ? [] : problem.Answer.Replace(" and ", ", ").Split(", ").Order());
            }
        }
    }

    [Fact]
    public void WorldQuestions_FollowedByAnotherReader_GiveTheSameAnswers()
    {
        for (int level = 2; level <= 5; level++)
        {
            foreach (Problem problem in EnvironmentPropertyTests.Draw("world-questions", level, WorldSplit.HeldOut, 500))
            {
                Assert.Equal(Follow(problem.Question), problem.Answer);
            }
        }
    }

    [Fact]
    public void Detective_Thoughts_LeaveOneSuspectAndItIsTheCulprit()
    {
        for (int level = 1; level <= 4; level++)
        {
            foreach (Problem problem in EnvironmentPropertyTests.Draw("detective", level, WorldSplit.HeldOut, 500))
            {
                string last = Assert.Single(Kept().Matches(problem.Thoughts)).Groups[1].Value;
                Assert.Equal(problem.Answer, last);
                Assert.EndsWith("Who was the thief?", problem.Question);
            }
        }
    }

    // Who has each thing (or where it lies) and who is where, from the sentences alone.
    private static string Follow(string question)
    {
        var holder = new Dictionary<string, string?>();
        var place = new Dictionary<string, string>();
        foreach (string sentence in question.Split(". "))
        {
            string[] words = sentence.TrimEnd('.', '?').Split(' ');
            switch (words)
            {
                case [var who, "has", _, _, var thing] when who != "Who":
                    holder[thing] = who;
                    break;
                case [var who, "goes", "to", "the", var where]:
                    place[who] = where;
                    break;
                case [var who, "leaves", "the", var thing, "there"]:
                    (holder[thing], place["the " + thing]) = (null, place[who]);
                    break;
                case [var who, "takes", "the", var thing]:
                    holder[thing] = who;
                    break;
                case [_, "gives", "the", var thing, "to", var other]:
                    holder[thing] = other;
                    break;
                case [_, "and", _, "swap", "the", var thing, "and", "the", var other]:
                    (holder[thing], holder[other]) = (holder[other], holder[thing]);
                    break;
                case ["Who", "has", "the", _, var thing]:
                    return holder[thing] ?? "nobody";
                case ["Where", "is", "the", _, var thing]:
                    return holder[thing] is string by ? place[by] : place["the " + thing];
                default:
                    throw new InvalidOperationException(sentence);
            }
        }
        throw new InvalidOperationException(question);
    }

    private static bool Holds(string sentence, HashSet<string> truthful)
    {
        sentence = sentence.TrimEnd('.', '?');
        int colon = sentence.IndexOf(" says: ", StringComparison.Ordinal);
        if (sentence.StartsWith("Who ", StringComparison.Ordinal))
        {
            return true;
        }
        if (colon < 0)
        {
            return Claim(sentence, "", truthful);
        }
        string speaker = sentence[..colon];
        return Claim(sentence[(colon + 7)..], speaker, truthful) == truthful.Contains(speaker);
    }

    private static bool Claim(string claim, string speaker, HashSet<string> truthful)
    {
        bool Honest(string name) => truthful.Contains(name == "I" ? speaker : name);
        return claim.Split(' ') switch
        {
            [var one, "tells", "the", "truth"] => Honest(one),
            [var one, "lies"] => !Honest(one),
            [var one, "and", var two, "both", "lie"] => !Honest(one) && !Honest(two),
            [var one, "lies", "or", var two, "lie" or "lies"] => !Honest(one) || !Honest(two),
            [var one, "and", var two, "are", "of", "the", "same", "kind"] => Honest(one) == Honest(two),
            _ => throw new InvalidOperationException(claim),
        };
    }

    [GeneratedRegex(@"(\w+): [^:]*, yes\.")]
    private static partial Regex Kept();

    [GeneratedRegex(@"(\w+) says:")]
    private static partial Regex Says();

    [GeneratedRegex(@"says: (\w+) ")]
    private static partial Regex Of();
}
