using System.Text.Json;

namespace Foretell.World.Tests;

public sealed class WorldPreferencesTests
{
    private const int Draws = 2000;

    [Fact]
    public void Comparison_OfTheSameIndex_IsTheSameWhateverIsAskedBefore()
    {
        var one = new WorldPreferences(3, 0.2);
        var other = new WorldPreferences(3, 0.2);
        other.Comparison(17);
        Assert.Equal(one.Comparison(5), other.Comparison(5));
        Assert.NotEqual(one.Comparison(5), one.Comparison(6));
        Assert.NotEqual(one.Comparison(5), new WorldPreferences(4, 0.2).Comparison(5));
    }

    [Theory]
    [InlineData(WorldSplit.Training)]
    [InlineData(WorldSplit.HeldOut)]
    [InlineData(WorldSplit.HeldOutNames)]
    public void Comparison_WithoutNoise_PrefersWhatTheJudgeOfTheTextPrefers(WorldSplit split)
    {
        var world = new WorldPreferences(1);
        var principles = new HashSet<string>();
        for (int i = 0; i < Draws; i++)
        {
            WorldComparison comparison = world.Comparison(i, split);
            AnswerQuality chosen = WorldTaste.Judge(comparison.Question, comparison.Chosen);
            AnswerQuality rejected = WorldTaste.Judge(comparison.Question, comparison.Rejected);
            Assert.True(chosen > rejected, $"{comparison.Question}\n{comparison.Chosen}\n{comparison.Rejected}");
            Assert.True(comparison.IsTrue);
            string differs = chosen.IsRight != rejected.IsRight ? "right" : chosen.IsPolite != rejected.IsPolite ? "polite" : "concise";
            Assert.Equal(differs, comparison.Principle);
            principles.Add(comparison.Principle);
        }
        Assert.Equal(WorldTaste.Principles.Order(), principles.Order());
    }

    [Fact]
    public void Comparison_WithNoise_IsWrongAsOftenAsSaidAndByEachLabellerAlone()
    {
        var world = new WorldPreferences(1, 0.2);
        int wrong = 0, agreed = 0;
        for (int i = 0; i < Draws; i++)
        {
            WorldComparison one = world.Comparison(i);
            WorldComparison other = world.Comparison(i, labeller: 1);
            wrong += one.IsTrue ? 0 : 1;
            agreed += one.IsTrue == other.IsTrue ? 1 : 0;
            Assert.Equal(new HashSet<string> { one.Chosen, one.Rejected }, [other.Chosen, other.Rejected]);
        }
        Assert.InRange(wrong / (double)Draws, 0.17, 0.23);
        // 0.8² + 0.2² = 0.68
        Assert.InRange(agreed / (double)Draws, 0.65, 0.71);
    }

    [Fact]
    public void Comparison_OfTheHeldOutSplit_AsksWhatTrainingNeverAsks()
    {
        var world = new WorldPreferences(1);
        for (int i = 0; i < Draws; i++)
        {
            Assert.True(IsHeldOut(world.Comparison(i, WorldSplit.HeldOut)));
            Assert.False(IsHeldOut(world.Comparison(i)));
        }
    }

    [Fact]
    public void Comparison_OverMany_IsNotTheLongerAnswerNorTheFirstColour()
    {
        var world = new WorldPreferences(1);
        double longer = 0, early = 0;
        for (int i = 0; i < Draws; i++)
        {
            WorldComparison comparison = world.Comparison(i);
            longer += comparison.Chosen.Length > comparison.Rejected.Length ? 1 : 0;
            string truth = WorldTaste.Truth(comparison.Question)!;
            early += comparison.Question.IndexOf(truth, StringComparison.Ordinal) < 20 ? 1 : 0;
        }
        Assert.InRange(longer / Draws, 0.25, 0.6);
        Assert.InRange(early / Draws, 0.3, 0.7);
    }

    [Theory]
    [InlineData("The hat is red.", true, true, true)]
    [InlineData("red", true, true, true)]
    [InlineData("The hat is blue.", false, true, true)]
    [InlineData("Red or blue.", false, true, true)]
    [InlineData("", false, true, true)]
    [InlineData("What a silly question. It is red.", true, false, true)]
    [InlineData("My uncle once asked me the same. It is blue.", false, true, false)]
    public void Judge_OfAnyAnswer_TellsTheThreeQualities(string answer, bool right, bool polite, bool concise) =>
        Assert.Equal(new AnswerQuality(right, polite, concise), WorldTaste.Judge("Anna has a red hat and a blue ball. What colour is the hat?", answer));

    [Fact]
    public void ToJson_OfAComparison_HoldsItsTruth()
    {
        WorldComparison comparison = new WorldPreferences(1, 0.5).Comparison(3);
        using JsonDocument json = JsonDocument.Parse(comparison.ToJson());
        Assert.Equal(comparison.Question, json.RootElement.GetProperty("prompt").GetString());
        Assert.Equal(comparison.IsTrue ? "chosen" : "rejected", json.RootElement.GetProperty("truth").GetString());
    }

    [Fact]
    public void WorldPreferences_OfMoreNoiseThanKnowledge_IsRefused() =>
        Assert.Contains("[0, 0.5]", Assert.Throws<ArgumentOutOfRangeException>(() => new WorldPreferences(1, 0.6)).Message, StringComparison.Ordinal);

    private static bool IsHeldOut(WorldComparison comparison)
    {
        string thing = comparison.Question.Split("What colour is the ")[1].TrimEnd('?');
        return HeldOut.IsColouredThing(WorldTaste.Truth(comparison.Question)!, thing);
    }
}
