using System.Text.RegularExpressions;

namespace Foretell.World.Tests;

public partial class TruthTests
{
    private const int Count = 3000;

    [Theory]
    [InlineData(WorldSplit.Training)]
    [InlineData(WorldSplit.HeldOut)]
    public void Sums_InEveryForm_AreRightAndStandInTheText(WorldSplit split)
    {
        var world = new LittleWorld(41);
        for (int index = 0; index < Count; index++)
        {
            WorldDocument document = world.Document(DocumentKind.Sums, index, split);
            foreach (Sum sum in ((SumsTruth)document.Truth).Sums)
            {
                int result = sum.Operator switch { '+' => sum.Left + sum.Right, '-' => sum.Left - sum.Right, _ => sum.Left * sum.Right };
                Assert.Equal(result, sum.Result);
                Assert.InRange(result, 0, 100);
                Assert.Matches($"^ {result}([.\n]|$)", document.Text[sum.PromptLength..]);
                string line = document.Text[..sum.PromptLength].Split('\n')[^1];
                Assert.Matches($@"\b{sum.Left}\b", line);
                Assert.Matches($@"\b{sum.Right}\b", line);
            }
            Assert.All(SumItem.From(document), item => Assert.StartsWith($"{item.Prompt} {item.Result}", document.Text));
        }
    }

    [Fact]
    public void Questions_EveryPrompt_IsAPrefixThatTheAnswerFollows()
    {
        var world = new LittleWorld(42);
        int questions = 0, open = 0;
        for (int index = 0; index < Count; index++)
        {
            WorldDocument document = world.Document(DocumentKind.Questions, index);
            QuestionItem[] items = [.. QuestionItem.From(document)];
            Assert.InRange(items.Length, 1, 5);
            foreach (QuestionItem item in items)
            {
                Assert.EndsWith("Answer:", item.Prompt);
                Assert.StartsWith($"{item.Prompt} {item.Answer}", document.Text);
                Assert.True(document.Text.Length == item.Prompt.Length + item.Answer.Length + 1 || document.Text[item.Prompt.Length + item.Answer.Length + 1] == '\n');
                Assert.Equal(!item.IsAnswerable, item.Answer is "The story does not say." or "I don't know.");
                questions++;
                open += item.IsAnswerable ? 0 : 1;
            }
            Assert.Equal(items.Length, ((QuestionsTruth)document.Truth).Questions.Select(question => question.Question).Distinct().Count());
        }
        Assert.InRange(open / (double)questions, 0.2, 0.5);
    }

    // The answers are derived once more, from the facts of the truth and from the words of the passage.
    [Theory]
    [InlineData(WorldSplit.Training)]
    [InlineData(WorldSplit.HeldOut)]
    public void Questions_EveryAnswer_FollowsFromThePassage(WorldSplit split)
    {
        var world = new LittleWorld(43);
        for (int index = 0; index < Count; index++)
        {
            WorldDocument document = world.Document(DocumentKind.Questions, index, split);
            var truth = (QuestionsTruth)document.Truth;
            string passage = document.Text[..document.Text.IndexOf("\nQuestion:", StringComparison.Ordinal)];
            foreach (QuestionAnswer asked in truth.Questions)
            {
                if (asked.IsAnswerable)
                {
                    string core = Filler().Replace(asked.Answer, "").Trim().ToLowerInvariant();
                    Assert.True(core.Length == 0 || asked.Answer is "They had the same number." or "None." or "Nobody did." || passage.Contains(core, StringComparison.OrdinalIgnoreCase)
                        || asked.Question.EndsWith("in a tree?", StringComparison.Ordinal) || asked.Question.StartsWith("Why was ", StringComparison.Ordinal)
                        || asked.Answer == "Because it was raining." || asked.Question.StartsWith("Who painted", StringComparison.Ordinal), document.ToJson());
                }
                Derive(asked, truth, passage, document.ToJson());
            }
        }
    }

    private static void Derive(QuestionAnswer asked, QuestionsTruth truth, string passage, string context)
    {
        if (ColourQuestion().Match(asked.Question) is { Success: true } colour)
        {
            string thing = colour.Groups[1].Value;
            string? known = truth.Facts.Where(fact => fact.Relation == "colour" && fact.Subject == thing).Select(fact => fact.Value).FirstOrDefault();
            Assert.True(asked.Answer == (known is null ? "The story does not say." : Grammar.Capitalised(known) + "."), context);
            if (known is null)
            {
                Assert.DoesNotMatch($@"\b({string.Join('|', HeldOut.Colours)}) {thing}\b", passage);
            }
            else
            {
                Assert.Contains(known, passage, StringComparison.Ordinal);
            }
        }
        if (HolderQuestion().Match(asked.Question) is { Success: true } holder)
        {
            string? name = truth.Facts.Where(fact => fact.Relation == "has" && fact.Value == holder.Groups[1].Value).Select(fact => fact.Subject).FirstOrDefault();
            Assert.Equal(name is null ? "Nobody did." : $"{name} did.", asked.Answer);
        }
        if (CostQuestion().Match(asked.Question) is { Success: true } cost)
        {
            Assert.Equal(asked.IsAnswerable, truth.Facts.Any(fact => fact.Relation == "price" && fact.Subject == cost.Groups[1].Value));
        }
    }

    [Fact]
    public void Story_EveryEvent_IsToldByNameAndThing()
    {
        var world = new LittleWorld(44);
        for (int index = 0; index < Count; index++)
        {
            WorldDocument document = world.Document(DocumentKind.Story, index);
            var truth = (StoryTruth)document.Truth;
            Assert.NotEmpty(truth.Events);
            Assert.NotEmpty(truth.FinalState);
            foreach (WorldFact fact in truth.Events)
            {
                Assert.Contains(fact.Subject, document.Text, StringComparison.OrdinalIgnoreCase);
                foreach (string value in fact.Value.Split(", "))
                {
                    // "kept one nut and gave six to him": the number stands without the noun.
                    string part = fact.Relation == "Shared" ? value.Split(' ')[0] : value;
                    Assert.True(document.Text.Contains(part, StringComparison.OrdinalIgnoreCase), $"{part} is not in {document.ToJson()}");
                }
            }
            Assert.InRange(Sentences().Count(document.Text), 3, 48);
        }
    }

    [Fact]
    public void Story_AfterSharing_LeavesTheReceiverThatMany()
    {
        var world = new LittleWorld(45);
        int seen = 0;
        for (int index = 0; index < Count; index++)
        {
            var truth = (StoryTruth)world.Document(DocumentKind.Story, index).Truth;
            foreach (WorldFact shared in truth.Events.Where(fact => fact.Relation == "Shared"))
            {
                string given = shared.Value.Split(", ")[0], receiver = shared.Value.Split(", ")[1];
                string[] count = given.Split(' ');
                bool alone = truth.Events.Count(fact => fact.Value.Contains(count[1], StringComparison.Ordinal) && fact.Relation is "Gathered" or "Shared") == 2;
                if (alone)
                {
                    seen++;
                    Assert.Contains(truth.FinalState, fact => fact.Relation == "count" && fact.Subject == receiver && fact.Value.StartsWith(count[0], StringComparison.Ordinal));
                }
            }
        }
        Assert.True(seen > 50);
    }

    [Fact]
    public void Dialogue_SpeakersTakeTurns_AndNameThemselves()
    {
        var world = new LittleWorld(46);
        for (int index = 0; index < Count; index++)
        {
            WorldDocument document = world.Document(DocumentKind.Dialogue, index);
            var truth = (DialogueTruth)document.Truth;
            string[] speakers = [.. document.Text.Split('\n').Select(line => line.Split(':')[0]).Where(truth.Speakers.Contains)];
            Assert.True(speakers.Length >= 4, document.Text);
            for (int i = 1; i < speakers.Length; i++)
            {
                Assert.NotEqual(speakers[i - 1], speakers[i]);
            }
            foreach (WorldFact fact in truth.Facts.Where(fact => fact.Relation is "at" or "colour" or "price" or "cause" or "meeting"))
            {
                Assert.True(document.Text.Contains(fact.Value, StringComparison.OrdinalIgnoreCase), document.ToJson());
            }
        }
    }

    [GeneratedRegex(@"^What colour (?:was|is) the (.+?)(?: at the end)?\?$")]
    private static partial Regex ColourQuestion();

    [GeneratedRegex(@"^Who had the (.+) at the end\?$")]
    private static partial Regex HolderQuestion();

    [GeneratedRegex(@"^How much did the (.+) cost\?$")]
    private static partial Regex CostQuestion();

    [GeneratedRegex(@"^(Because|An?|To|Near the|In the|At the)\b|\b(did|does|was|has)\.$|\.$")]
    private static partial Regex Filler();

    [GeneratedRegex(@"[.!?]""?(\s|$)")]
    private static partial Regex Sentences();
}
