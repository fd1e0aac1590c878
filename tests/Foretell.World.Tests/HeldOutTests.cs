using System.Text.RegularExpressions;

namespace Foretell.World.Tests;

public partial class HeldOutTests
{
    private const int Count = 5000;
    private static readonly string[] _numberWords = [.. HeldOut.Numbers.Where(number => number <= 20).Select(number => $"{Grammar.InWords(number)}")];

    [Theory]
    [InlineData(DocumentKind.Story)]
    [InlineData(DocumentKind.Dialogue)]
    [InlineData(DocumentKind.Questions)]
    [InlineData(DocumentKind.Sums)]
    [InlineData(DocumentKind.Detective)]
    public void Training_OverThousands_NeverSaysWhatIsHeldOut(DocumentKind kind)
    {
        var world = new LittleWorld(31);
        for (int index = 0; index < Count; index++)
        {
            WorldDocument document = world.Document(kind, index);
            Assert.False(HasName(document.Text), document.Text);
            Assert.False(HasNumber(document.Text), document.Text);
            Assert.False(HasColouredThing(document), document.Text);
            Assert.False(HasSum(document), document.Text);
        }
    }

    [Theory]
    [InlineData(DocumentKind.Story)]
    [InlineData(DocumentKind.Dialogue)]
    [InlineData(DocumentKind.Questions)]
    [InlineData(DocumentKind.Sums)]
    [InlineData(DocumentKind.Detective)]
    public void HeldOut_InEveryDocument_SaysSomethingUnseenWithKnownNames(DocumentKind kind)
    {
        var world = new LittleWorld(32);
        for (int index = 0; index < Count; index++)
        {
            WorldDocument document = world.Document(kind, index, WorldSplit.HeldOut);
            Assert.False(HasName(document.Text), document.Text);
            Assert.True(kind == DocumentKind.Sums ? HasSum(document) || HasNumber(document.Text) : HasColouredThing(document), document.ToJson());
        }
    }

    [Theory]
    [InlineData(DocumentKind.Story)]
    [InlineData(DocumentKind.Dialogue)]
    [InlineData(DocumentKind.Questions)]
    [InlineData(DocumentKind.Detective)]
    public void HeldOutNames_InEveryDocument_NamesOnlyUnseenPeople(DocumentKind kind)
    {
        var world = new LittleWorld(33);
        var known = People.Girls.Concat(People.Boys).ToHashSet();
        for (int index = 0; index < Count; index++)
        {
            WorldDocument document = world.Document(kind, index, WorldSplit.HeldOutNames);
            Assert.True(HasName(document.Text), document.Text);
            Assert.DoesNotContain(Words().Matches(document.Text), word => known.Contains(word.Value));
            Assert.False(HasColouredThing(document), document.Text);
        }
    }

    [Fact]
    public void Colours_EveryThing_HasExactlyOneHeldOut()
    {
        foreach (string thing in HeldOut.ThingNames)
        {
            Assert.Single(HeldOut.Colours, colour => HeldOut.IsColouredThing(colour, thing));
        }
        Assert.True(HeldOut.Colours.All(colour => HeldOut.ThingNames.Any(thing => HeldOut.IsColouredThing(colour, thing))));
        Assert.DoesNotContain(People.Girls.Concat(People.Boys), HeldOut.IsName);
    }

    private static bool HasName(string text) => Words().Matches(text).Any(word => HeldOut.IsName(word.Value));

    private static bool HasNumber(string text) =>
        Words().Matches(text).Any(word => _numberWords.Contains(word.Value.ToLowerInvariant()) || (int.TryParse(word.Value, out int number) && HeldOut.IsNumber(number)));

    private static bool HasSum(WorldDocument document) => document.Truth is SumsTruth truth && truth.Sums.Any(sum => sum.Operator switch
    {
        '+' => HeldOut.IsAddition(sum.Left, sum.Right),
        '-' => HeldOut.IsSubtraction(sum.Left, sum.Right),
        _ => HeldOut.IsMultiplication(sum.Left, sum.Right),
    });

    // "the red toy boat", and the colour that the truth gives the thing where the text says it from afar.
    private static bool HasColouredThing(WorldDocument document)
    {
        string[] words = [.. Words().Matches(document.Text).Select(word => word.Value.ToLowerInvariant())];
        for (int i = 0; i + 1 < words.Length; i++)
        {
            if (HeldOut.IsColouredThing(words[i], words[i + 1]) || (i + 2 < words.Length && HeldOut.IsColouredThing(words[i], $"{words[i + 1]} {words[i + 2]}")))
            {
                return true;
            }
        }
        IEnumerable<WorldFact> facts = document.Truth switch
        {
            StoryTruth story => story.FinalState,
            QuestionsTruth questions => questions.Facts,
            DialogueTruth dialogue => dialogue.Facts,
            _ => [],
        };
        return facts.Any(fact => fact.Relation == "colour" && HeldOut.IsColouredThing(fact.Value, fact.Subject));
    }

    [GeneratedRegex("[A-Za-z]+|[0-9]+")]
    private static partial Regex Words();
}
