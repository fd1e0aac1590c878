using Foretell.World.Doubt;

namespace Foretell.World.Tests.Doubt;

public class DoubtQuestionsTests
{
    private const int Count = 6000;

    private static DoubtQuestion[] Draw(WorldSplit split, int count = Count) => [.. Enumerable.Range(0, count).Select(seed => DoubtQuestions.Generate((ulong)seed, split))];

    [Fact]
    public void Generate_EveryKindAndForm_OccursAlike()
    {
        DoubtQuestion[] questions = Draw(WorldSplit.Training);
        Assert.Equal(questions.Take(50), Draw(WorldSplit.Training, 50), (one, other) => one.Prompt == other.Prompt && one.Reply == other.Reply);
        foreach (IGrouping<string, DoubtQuestion> form in questions.GroupBy(question => question.Form))
        {
            foreach (DoubtKind kind in Enum.GetValues<DoubtKind>())
            {
                // 6 forms of 3 kinds: 333 each on average.
                Assert.InRange(form.Count(question => question.Kind == kind), 260, 410);
            }
        }
        Assert.Equal(6, questions.Select(question => question.Form).Distinct().Count());
    }

    [Fact]
    public void Generate_WordsAndLengths_DoNotTellTheKind()
    {
        foreach (IGrouping<string, DoubtQuestion> form in Draw(WorldSplit.Training).GroupBy(question => question.Form))
        {
            double[] lengths = [.. form.GroupBy(question => question.Kind).Select(kind => kind.Average(question => question.Passage.Split(' ').Length))];
            Assert.InRange(lengths.Max() - lengths.Min(), 0, 1.2);
            Assert.All(form, question => Assert.Equal(3, question.Passage.Count(c => c == '.')));
            // The very same words are asked where there is an answer, where there is none and where there are two.
            var kinds = form.GroupBy(question => question.Question).Where(group => group.Count() >= 12).ToList();
            Assert.All(kinds, group => Assert.Equal(3, group.Select(question => question.Kind).Distinct().Count()));
            // Who always says the kind that is most frequent for the question's words is right little more often than a third.
            int best = kinds.Sum(group => group.GroupBy(question => question.Kind).Max(kind => kind.Count())), all = kinds.Sum(group => group.Count());
            Assert.True(all == 0 || best < all * 0.6, $"{form.Key}: {best} of {all}");
        }
    }

    [Fact]
    public void Generate_HeldOut_SharesNoPromptAndEachHasSomethingUnseen()
    {
        var training = Draw(WorldSplit.Training).Select(question => question.Prompt).ToHashSet();
        foreach (DoubtQuestion question in Draw(WorldSplit.HeldOut))
        {
            Assert.DoesNotContain(question.Prompt, training);
            Assert.True(HasHeldOutThing(question.Prompt), question.Prompt);
        }
        Assert.All(training, prompt => Assert.False(HasHeldOutThing(prompt), prompt));
        Assert.All(Draw(WorldSplit.HeldOutNames, 500), question => Assert.Contains(HeldOut.Names, name => question.Passage.Contains(name)));
    }

    [Fact]
    public void Generate_ReadByAnotherReader_IsOfItsKind()
    {
        foreach (DoubtQuestion question in Draw(WorldSplit.Training))
        {
            string[] answers = Answers(question);
            Assert.Equal(question.Kind switch { DoubtKind.Answerable => 1, DoubtKind.Unanswerable => 0, _ => 2 }, answers.Length);
            if (question.Kind == DoubtKind.Answerable)
            {
                Assert.Equal(question.Reply.TrimEnd('.').ToLowerInvariant(), answers[0].ToLowerInvariant());
            }
        }
    }

    [Fact]
    public void Judge_TheRightReplyAndThoseOfOtherQuestions_AreToldApart()
    {
        DoubtQuestion[] questions = Draw(WorldSplit.Training, 2000);
        var reward = new DoubtReward();
        for (int i = 1; i < questions.Length; i++)
        {
            DoubtQuestion question = questions[i], other = questions[i - 1];
            DoubtVerdict own = DoubtJudge.Judge(question, question.Reply);
            Assert.True(own.Fits(question.Kind), $"{question}: {own}");
            Assert.Equal(1, reward.Of(question, question.Reply));
            // "In the forest" answers where she went as well as "To the forest".
            if (other.Reply.Split(' ')[^1] != question.Reply.Split(' ')[^1])
            {
                Assert.False(DoubtJudge.Judge(question, other.Reply).Fits(question.Kind), $"{question}: {other.Reply}");
            }
        }
    }

    [Theory]
    [InlineData(DoubtKind.Answerable, "Anna's.", DoubtReply.Right, false)]
    [InlineData(DoubtKind.Answerable, "It is Anna's ball that is red.", DoubtReply.Right, false)]
    [InlineData(DoubtKind.Answerable, "Ben's.", DoubtReply.Wrong, false)]
    [InlineData(DoubtKind.Answerable, "Anna's or Ben's.", DoubtReply.Wrong, false)]
    [InlineData(DoubtKind.Answerable, "I don't know, maybe Anna's.", DoubtReply.Wrong, false)]
    [InlineData(DoubtKind.Answerable, "I don\u2019t know whose ball is red.", DoubtReply.DoesNotKnow, false)]
    [InlineData(DoubtKind.Answerable, "Do you mean Anna or Ben?", DoubtReply.AsksBack, false)]
    [InlineData(DoubtKind.Answerable, "", DoubtReply.Wrong, false)]
    [InlineData(DoubtKind.Answerable, "red ball", DoubtReply.Wrong, false)]
    [InlineData(DoubtKind.Unanswerable, "The passage does not say.", DoubtReply.DoesNotKnow, false)]
    [InlineData(DoubtKind.Unanswerable, "I don't know. Anna's.", DoubtReply.Wrong, false)]
    [InlineData(DoubtKind.Unanswerable, "Nobody's.", DoubtReply.Wrong, false)]
    [InlineData(DoubtKind.Ambiguous, "Do you mean Anna or Ben?", DoubtReply.AsksBack, true)]
    [InlineData(DoubtKind.Ambiguous, "Whom do you mean: Ben or Anna?", DoubtReply.AsksBack, true)]
    [InlineData(DoubtKind.Ambiguous, "Do you mean Anna?", DoubtReply.AsksBack, false)]
    [InlineData(DoubtKind.Ambiguous, "Do you mean Anna or Ben or Carl?", DoubtReply.AsksBack, false)]
    [InlineData(DoubtKind.Ambiguous, "Anna's. Or do you mean Ben?", DoubtReply.Wrong, false)]
    [InlineData(DoubtKind.Ambiguous, "Anna's and Ben's.", DoubtReply.Wrong, false)]
    public void Judge_Replies_AreReadAsMeant(DoubtKind kind, string reply, DoubtReply expected, bool both)
    {
        var question = new DoubtQuestion(kind, "whose", "", "Whose ball is red?", kind == DoubtKind.Answerable ? "Anna's." : "", kind == DoubtKind.Ambiguous ? ["Anna", "Ben"] : []);
        Assert.Equal(new DoubtVerdict(expected, both), DoubtJudge.Judge(question, reply));
    }

    [Fact]
    public void Judge_HostileReplies_NeverThrows()
    {
        DoubtQuestion question = DoubtQuestions.Generate(1, WorldSplit.Training, DoubtKind.Answerable);
        foreach (string reply in new[] { "", " ", "?", "???", "...", new string('?', 2000), new string('a', 1_000_000), "\uD800", "'s", "'", "\0", "не знаю" })
        {
            Assert.NotEqual(DoubtReply.Right, DoubtJudge.Judge(question, reply).Reply);
        }
    }

    [Fact]
    public void Reward_OfEveryKindAndReply_RanksHonestyOverGuessing()
    {
        var reward = new DoubtReward();
        DoubtVerdict unknown = new(DoubtReply.DoesNotKnow), wrong = new(DoubtReply.Wrong), vague = new(DoubtReply.AsksBack);
        foreach (DoubtKind kind in Enum.GetValues<DoubtKind>())
        {
            Assert.True(reward.Of(kind, unknown) > reward.Of(kind, wrong));
        }
        Assert.True(reward.Of(DoubtKind.Answerable, new(DoubtReply.Right)) > reward.Of(DoubtKind.Answerable, unknown));
        Assert.True(reward.Of(DoubtKind.Unanswerable, unknown) > reward.Of(DoubtKind.Unanswerable, vague));
        Assert.True(reward.Of(DoubtKind.Ambiguous, new(DoubtReply.AsksBack, true)) > reward.Of(DoubtKind.Ambiguous, vague));
        Assert.True(reward.Of(DoubtKind.Ambiguous, vague) > reward.Of(DoubtKind.Ambiguous, unknown));
    }

    [Fact]
    public void Json_WrittenAndRead_IsTheSameQuestion()
    {
        foreach (DoubtQuestion question in Draw(WorldSplit.HeldOut, 100))
        {
            DoubtQuestion read = DoubtJson.Read(DoubtJson.Write(question));
            Assert.Equal(question with { Readings = [] }, read with { Readings = [] });
            Assert.Equal(question.Readings, read.Readings);
        }
        Assert.StartsWith("The line is not JSON", Assert.Throws<FormatException>(() => DoubtJson.Read("no")).Message);
        Assert.Contains("\"odd\" is no kind", Assert.Throws<FormatException>(() => DoubtJson.Read("{\"doubt\":{\"kind\":\"odd\"}}")).Message);
        Assert.Contains("\"readings\"", Assert.Throws<FormatException>(() => DoubtJson.Read("{\"doubt\":{\"kind\":\"ambiguous\"}}")).Message);
    }

    private static bool HasHeldOutThing(string text)
    {
        string[] words = text.Split([' ', '.', '\n', '?'], StringSplitOptions.RemoveEmptyEntries);
        // "Whose ball is red?" says it too.
        bool inQuestion = words is [.., "Whose", _, "is", _] && HeldOut.IsColouredThing(words[^1], words[^3]);
        return inQuestion || Enumerable.Range(1, words.Length - 1).Any(i => HeldOut.IsColouredThing(words[i - 1], words[i]));
    }

    // Every answer that the sentences give, found by pattern alone.
    private static string[] Answers(DoubtQuestion question)
    {
        string[] asked = question.Question.TrimEnd('?').Split(' ');
        string[][] told = [.. question.Passage.TrimEnd('.').Split(". ").Select(sentence => sentence.Split(' '))];
        bool IsFemale(string name) => People.Girls.Contains(name);
        return
        [
            .. told.Select(words => (asked, words) switch
            {
                (["Whose", var thing, "is", var colour], [var name, "has", _, var c, var t]) when t == thing && c == colour => $"{name}'s",
                (["Where", "is", "the", var thing], ["The", _, var t, "is", var at, "the", var place]) when t == thing => $"{at} the {place}",
                (["What", "colour", "is", "the", var thing], [_, "has", _, var c, var t]) when t == thing => c,
                (["What", "did", var who, "buy"], [var name, "bought", var article, var c, var t]) when IsFemale(name) == (who == "she") => $"{article} {c} {t}",
                (["Where", "did", var who, "go"], [var name, "went", "to", "the", var place]) when IsFemale(name) == (who == "she") => $"to the {place}",
                (["What", "does", var who, "work", "as"], [var name, "works", "as", var article, var job]) when IsFemale(name) == (who == "she") => $"{article} {job}",
                _ => null,
            }).OfType<string>(),
        ];
    }
}
