using System.Text.Json;

namespace Foretell.Cli.Tests;

public sealed class DataProblemsCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Problems_OfTheHeldOutOnes_AreConversationsInTurnAndTheSameEachTime()
    {
        string path = _folder.File("problems.jsonl");
        string[] arguments = ["data", "problems", "--environment", "heldout", "--level", "2", "--count", "9", "--split", "heldout", "--seed", "5", "--out"];
        CommandRun.Of([.. arguments, path]).Succeeded();
        string[] lines = File.ReadAllLines(path);
        Assert.Equal(9, lines.Length);
        Assert.Equal(lines, CommandRun.Of([.. arguments, "-"]).Succeeded().Text.TrimEnd().Split('\n'));
        Assert.Equal(9, lines.Distinct().Count());
        foreach (string line in lines)
        {
            using JsonDocument json = JsonDocument.Parse(line);
            JsonElement messages = json.RootElement.GetProperty("messages"), problem = json.RootElement.GetProperty("problem");
            Assert.Equal("user", messages[0].GetProperty("role").GetString());
            Assert.Equal(problem.GetProperty("question").GetString(), messages[0].GetProperty("content").GetString());
            Assert.Equal(problem.GetProperty("thoughts").GetString(), messages[1].GetProperty("reasoning_content").GetString());
            Assert.Equal(problem.GetProperty("answer").GetString(), messages[1].GetProperty("content").GetString());
            Assert.Equal(2, problem.GetProperty("level").GetInt32());
        }
    }

    [Theory]
    [InlineData("chess", "1", "There is no environment \"chess\"; there are arithmetic")]
    [InlineData("arithmetic", "9", "--level 9: arithmetic has the levels 1 to 5.")]
    [InlineData("all", "0", "--level 0: the environments have the levels 1 to 5.")]
    public void Problems_OfWhatDoesNotExist_SaysSoAndWritesNothing(string environment, string level, string message)
    {
        string path = _folder.File("none.jsonl");
        CommandRun run = CommandRun.Of("data", "problems", "--environment", environment, "--level", level, "--out", path);
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith(message, run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Doubt_OfAllKinds_TakesTurnsAndEndsInTheRightReply()
    {
        string[] lines = CommandRun.Of("data", "doubt", "--count", "6", "--split", "heldout", "--out", "-").Succeeded().Text.TrimEnd().Split('\n');
        string[] kinds = [.. lines.Select(line =>
        {
            using JsonDocument json = JsonDocument.Parse(line);
            JsonElement doubt = json.RootElement.GetProperty("doubt");
            Assert.Equal(doubt.GetProperty("reply").GetString(), json.RootElement.GetProperty("messages")[1].GetProperty("content").GetString());
            return doubt.GetProperty("kind").GetString()!;
        })];
        Assert.Equal(["answerable", "unanswerable", "ambiguous", "answerable", "unanswerable", "ambiguous"], kinds);
        CommandRun run = CommandRun.Of("data", "doubt", "--kind", "odd", "--out", "-");
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("--kind odd: wanted answerable", run.Error, StringComparison.Ordinal);
    }
}
