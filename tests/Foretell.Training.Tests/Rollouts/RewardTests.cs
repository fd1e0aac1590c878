using Foretell.World;
using Foretell.World.Environments;

namespace Foretell.Training.Tests;

public sealed class RewardTests
{
    [Theory]
    [InlineData("<think>\n3 + 4 is 7\n</think>\n7", "7", true)]
    [InlineData("<think>a</think>b</think>c", "c", false)]
    [InlineData("<think>a<think>b</think>c", "c", false)]
    [InlineData("<think>never ends", "", false)]
    [InlineData("<think>nothing follows</think> ", "", false)]
    [InlineData(" 7 ", "7", false)]
    [InlineData("forgot to begin</think>7", "7", false)]
    public void Reply_OfAText_LeavesTheThoughtsOut(string text, string reply, bool wellFormed)
    {
        Assert.Equal(reply, TinyPolicy.Answer(text).Reply);
        Assert.Equal(wellFormed, FormatReward.IsWellFormed(text));
        Assert.Equal([wellFormed ? 1 : 0, 0], new FormatReward(thoughts: true).Score([TinyPolicy.Answer(text), TinyPolicy.Answer(text, ends: false)]));
    }

    [Fact]
    public void Verdict_OfAnswers_ReadsTheReplyAlone()
    {
        RolloutPrompt prompt = Problem(new Doubling(), 1);
        string right = prompt.Problem!.Answer;
        var reward = new VerdictReward([new Doubling()]);
        Assert.Equal([1, 0, 1, 0], reward.Score([.. new[] { right, "no", $"<think>no</think>{right}", $"<think>{right}" }.Select(text => TinyPolicy.Answer(text, prompt: prompt))]));
        Assert.Contains("asks none", Assert.Throws<ArgumentException>(() => reward.Score([TinyPolicy.Answer("4")])).Message, StringComparison.Ordinal);
        Assert.Contains("knows nothing-else", Assert.Throws<ArgumentException>(() => new VerdictReward([new Doubling("nothing-else")]).Score([TinyPolicy.Answer("4", prompt: prompt)])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Length_NearTheLimit_FallsInAStraightLine()
    {
        // One token more than letters: the one that ends the answer.
        double[] scores = new LengthReward(limit: 10, margin: 4).Score([.. new[] { 3, 5, 6, 7, 9 }.Select(letters => TinyPolicy.Answer(new string('a', letters))), TinyPolicy.Answer(new string('a', 10), ends: false)]);
        Assert.Equal([0, 0, -0.25, -0.5, -1, -1], scores);
    }

    [Fact]
    public void Sum_OfRewards_WeighsThemAndKeepsTheParts()
    {
        var sum = new RewardSum((new Constant("a", 2), 0.5), (new Constant("b", -3), 1));
        RewardTable table = sum.Score([TinyPolicy.Answer("x"), TinyPolicy.Answer("y")]);
        Assert.Equal([-2, -2], table.Total);
        Assert.Equal([2, 2], table.Parts["a"]);
        Assert.Equal([-3, -3], table.Parts["b"]);
        Assert.Throws<ArgumentException>(() => new RewardSum());
        Assert.Throws<ArgumentException>(() => new RewardSum((new Constant("a", 2), 1), (new Constant("a", 3), 1)));
    }

    [Fact]
    public void Sum_WithARewardThatIsNaN_NamesTheRow()
    {
        var sum = new RewardSum((new Constant("broken", double.NaN, from: 1), 1));
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => sum.Score([TinyPolicy.Answer("x"), TinyPolicy.Answer("y", prompt: TinyPolicy.Prompt("Why?"))]));
        Assert.Contains("broken of row 1 is NaN", error.Message, StringComparison.Ordinal);
        Assert.Contains("asked \"Why?\", answered \"y\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EnvironmentPrompts_OfAnIndex_AreAlwaysTheSameAndGoRound()
    {
        var prompts = new EnvironmentPrompts([new(new Doubling(), 1), new(new Doubling(), 2)], TinyPolicy.Template, TinyPolicy.Tokenizer, seed: 3);
        Assert.Equal(prompts.At(5).Problem, prompts.At(5).Problem);
        Assert.Equal([1, 2, 1, 2], Enumerable.Range(0, 4).Select(i => prompts.At(i).Problem!.Level));
        Assert.Equal($"User: {prompts.At(0).Problem!.Question}\nAssistant:", TinyPolicy.Tokenizer.Decode(prompts.At(0).Ids));
        Assert.True(Enumerable.Range(0, 40).Select(i => prompts.At(i).Problem).Distinct().Count() > 10);
    }

    private static RolloutPrompt Problem(IEnvironment environment, int level) => RolloutPrompt.Of(environment.Generate(1, level, WorldSplit.Training), TinyPolicy.Template, TinyPolicy.Tokenizer);

    private sealed class Constant(string name, double value, int from = 0) : IReward
    {
        public string Name => name;

        public double[] Score(IReadOnlyList<Rollout> rollouts) => [.. rollouts.Select((_, i) => i >= from ? value : 0)];
    }
}
