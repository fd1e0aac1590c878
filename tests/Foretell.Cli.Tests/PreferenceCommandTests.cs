using System.Text.Json;

namespace Foretell.Cli.Tests;

/// <summary>foretell data preferences, reward, reward score and dpo, as their users run them.</summary>
public sealed class PreferenceCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Reward_OnTheLittleWorld_TrainsScoresAndResumes()
    {
        string model = TinyModel.Save(_folder.File("base"), context: 384);
        string data = Comparisons();
        JsonElement trained = CommandRun.Of("reward", "--model", model, "--data", data, "--out", _folder.File("reward"), "--steps", "3", "--set", "batchRows=2", "--threads", "1", "--json").Succeeded().Json;
        Assert.True(trained.GetProperty("finished").GetBoolean());
        Assert.Equal(3, trained.GetProperty("steps").GetInt32());
        Assert.Equal(0.5, trained.GetProperty("before").GetProperty("heldOutAccuracy").GetDouble());

        JsonElement scores = CommandRun.Of("reward", "score", _folder.File("reward"), "--data", data, "--json", "--threads", "1").Succeeded().Json;
        Assert.Equal(30, scores.GetProperty("rows").GetArrayLength());
        Assert.InRange(scores.GetProperty("accuracy").GetDouble(), 0, 1);

        CommandRun.Of("reward", "--model", model, "--data", data, "--out", _folder.File("reward")).WasRefused("add --resume");
        CommandRun.Of("generate", _folder.File("reward"), "--prompt", "a").WasRefused("is a reward model");
        Assert.True(CommandRun.Of("reward", "--out", _folder.File("reward"), "--resume", "--json", "--threads", "1").Succeeded().Json.GetProperty("finished").GetBoolean());
    }

    [Theory]
    [InlineData("ipo")]
    [InlineData("kto")]
    public void Dpo_ByAnyMethod_WritesAModelThatGenerates(string method)
    {
        string model = TinyModel.Save(_folder.File("base"), context: 384);
        CommandRun.Of("dpo", "--method", method, "--model", model, "--data", Comparisons(), "--out", _folder.File("run"), "--steps", "2", "--set", "batchRows=4", "--threads", "1").Succeeded();
        Assert.True(File.Exists(Path.Combine(_folder.File("run"), "report.html")));
        CommandRun.Of("generate", _folder.File("run"), "--prompt", "User: a\nAssistant:", "--max-tokens", "3", "--json").Succeeded();
        // What was left unsaid is taken from the run, its method too.
        CommandRun.Of("dpo", "--out", _folder.File("run"), "--resume", "--threads", "1").Succeeded();
    }

    [Fact]
    public void Dpo_OfBadInput_SaysWhatToDo()
    {
        string model = TinyModel.Save(_folder.File("base"), context: 384);
        string data = Comparisons();
        CommandRun.Of("dpo", "--model", model, "--data", data).WasRefused("needs --out");
        CommandRun.Of("dpo", "--model", model, "--out", _folder.File("run")).WasRefused("needs --data");
        CommandRun.Of("dpo", "--model", model, "--data", data, "--out", _folder.File("run"), "--method", "guess").WasRefused("wanted dpo, ipo, kto or orpo");
        CommandRun.Of("dpo", "--model", model, "--data", data, "--out", _folder.File("run"), "--set", "beta=0").WasRefused("\"beta\" is 0");
        Assert.False(Directory.Exists(_folder.File("run")));
    }

    private string Comparisons()
    {
        string path = _folder.File("comparisons.jsonl");
        CommandRun.Of("data", "preferences", "--count", "30", "--noise", "0.1", "--out", path).Succeeded();
        return path;
    }
}
