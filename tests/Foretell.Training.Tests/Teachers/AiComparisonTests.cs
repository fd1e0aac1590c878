using Foretell.Data;
using Foretell.Tokenizers;
using Foretell.World;

namespace Foretell.Training.Tests;

public sealed class AiComparisonTests : IDisposable
{
    private const int Rows = 300;

    private static readonly Constitution Principles = new([new Principle("right", "The answer is right."), new Principle("polite", "The answer is polite.")]);
    private static readonly TeacherOptions Options = new() { Teacher = "rules" };

    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("ai.jsonl");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task RunAsync_OfATeacherWhoKnows_GivesTheTruthWhateverPeopleSaid()
    {
        AiComparisonResult result = await new AiComparison(new RuleTeacher(), Principles, Options).RunAsync(Pairs(noise: 0.2), Out);
        Assert.Equal(Rows, result.AiLabels);
        Assert.Equal(1, result.AgreementWithTruth!.Value.Share);
        Assert.InRange(result.AgreementWithHumans.Share, 0.74, 0.86);
        // 0.8² + 0.2² = 0.68
        Assert.InRange(result.TwoHumans!.Value, 0.62, 0.74);
        Assert.Equal(0, result.PositionBias, 1e-9);
        PreferenceSet written = PreferenceSet.Read([Out]);
        Assert.Equal(Rows, written.Pairs.Count);
        Assert.All(written.Pairs, pair => Assert.Equal(("ai", 1.0, true), (pair.Labeller, pair.Confidence!.Value, pair.IsTrue!.Value)));
    }

    [Fact]
    public async Task RunAsync_OfATeacherWhoLikesTheFirst_IsUnbiasedByAskingInBothOrders()
    {
        AiComparisonResult result = await new AiComparison(new RuleTeacher(firstBias: 0.6), Principles, Options) { Votes = 5 }.RunAsync(Pairs(), Out);
        Assert.InRange(result.PositionBias, 0.25, 0.35);
        Assert.InRange(result.AgreementWithTruth!.Value.Share, 0.97, 1);
        Assert.InRange(result.Undecided, 1, Rows / 4);
        // What it could not decide is in the file but is not learned from.
        Assert.Equal(Rows - result.Undecided, PreferenceSet.Read([Out]).Pairs.Count);
    }

    [Fact]
    public async Task RunAsync_OfATeacherWhoErrs_AgreesAsOftenAsItIsRight()
    {
        AiComparisonResult result = await new AiComparison(new RuleTeacher(error: 0.1), Principles, Options).RunAsync(Pairs(), Out);
        Assert.InRange(result.AgreementWithTruth!.Value.Share, 0.83, 0.96);
        Assert.Equal(Rows, result.AgreementWithTruth.Value.Trials);
    }

    [Fact]
    public async Task RunAsync_WithAShareOfHumanLabels_KeepsThatShareAsItIs()
    {
        var teacher = new RuleTeacher();
        AiComparisonResult result = await new AiComparison(teacher, Principles, Options) { HumanShare = 0.25 }.RunAsync(Pairs(noise: 0.5), Out);
        Assert.InRange(result.HumanLabels / (double)Rows, 0.18, 0.32);
        Assert.Equal(2 * result.AiLabels, teacher.Requests);
        PreferenceSet written = PreferenceSet.Read([Out]);
        Assert.Equal(result.HumanLabels, written.Pairs.Count(pair => pair.Labeller == "human"));
        Assert.Contains(written.Pairs, pair => pair.Labeller == "human" && pair.IsTrue == false);
    }

    [Fact]
    public async Task RunAsync_Interrupted_GoesOnWhereItEndedToTheSameBytes()
    {
        await new AiComparison(new RuleTeacher(), Principles, Options).RunAsync(Pairs(), Out);
        byte[] whole = File.ReadAllBytes(Out);
        File.Delete(Out);
        await Assert.ThrowsAsync<IOException>(() => new AiComparison(new RuleTeacher { FailsAt = 101 }, Principles, Options with { Concurrency = 8 }).RunAsync(Pairs(), Out));
        // As a kill leaves it: in the middle of a line.
        File.AppendAllText(Out, "{\"prompt\": [");
        var rest = new RuleTeacher();
        AiComparisonResult result = await new AiComparison(rest, Principles, Options).RunAsync(Pairs(), Out);
        Assert.InRange(rest.Requests, 1, (2 * Rows) - 80);
        Assert.Equal(Rows, result.AiLabels);
        Assert.Equal(whole, File.ReadAllBytes(Out));
    }

    [Fact]
    public async Task RunAsync_IntoTheFileOfOtherSettings_IsRefused()
    {
        await new AiComparison(new RuleTeacher(), Principles, Options).RunAsync(Pairs(), Out);
        CorpusException error = await Assert.ThrowsAsync<CorpusException>(() => new AiComparison(new RuleTeacher(), Principles, Options with { Seed = 2 }).RunAsync(Pairs(), Out));
        Assert.Contains("line 1", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("A", 'A')]
    [InlineData("b", 'B')]
    [InlineData("(B)", 'B')]
    [InlineData("Answer A.", 'A')]
    [InlineData("The better answer is B because it is right.", 'B')]
    [InlineData("A or B", 'A')]
    [InlineData("Both A and B", null)]
    [InlineData("", null)]
    [InlineData("Neither.", null)]
    public void Letter_OfAReply_IsTheOneItNames(string reply, char? letter) => Assert.Equal(letter, AiComparison.Letter(reply));

    private static IReadOnlyList<PreferencePair> Pairs(double noise = 0)
    {
        var world = new WorldPreferences(1, noise);
        return [.. Enumerable.Range(0, Rows).Select(i => world.Comparison(i)).Select((comparison, i) => new PreferencePair(
            [new ChatMessage("user", comparison.Question)], new ChatMessage("assistant", comparison.Chosen), new ChatMessage("assistant", comparison.Rejected), $"row {i}")
        { IsTrue = comparison.IsTrue })];
    }
}
