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

    [Fact]
    public void Teach_ByALocalTeacher_WritesALineARowAndGoesOnWhereItEnded()
    {
        string model = TinyModel.Save(_folder.File("base"), context: 1024);
        string constitution = _folder.File("constitution.md");
        File.WriteAllText(constitution, "## right\nThe answer is right.\n");
        string data = Comparisons(count: 3);
        string[] compare = ["teach", "compare", "--teacher", model, "--constitution", constitution, "--data", data, "--out", _folder.File("ai.jsonl"), "--json"];
        JsonElement result = CommandRun.Of(compare).Succeeded().Json;
        Assert.Equal(3, result.GetProperty("aiLabels").GetInt32());
        // A model on this machine is held to the two letters.
        Assert.Equal(0, result.GetProperty("unread").GetInt32());
        byte[] written = File.ReadAllBytes(_folder.File("ai.jsonl"));
        File.WriteAllBytes(_folder.File("ai.jsonl"), written[..(written.Length / 2)]);
        CommandRun.Of(compare).Succeeded();
        Assert.Equal(written, File.ReadAllBytes(_folder.File("ai.jsonl")));
        File.WriteAllText(_folder.File("prompts.jsonl"), """{"messages": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Go away."}]}""" + "\n");
        Assert.Equal(1, CommandRun.Of("teach", "revise", "--teacher", model, "--constitution", constitution, "--prompts", _folder.File("prompts.jsonl"), "--max-tokens", "4", "--out", _folder.File("revised.jsonl"), "--json").Succeeded().Json.GetProperty("prompts").GetInt32());
        CommandRun.Of([.. compare[..4], "--constitution", _folder.File("none.md"), .. compare[6..]]).WasRefused("There is no constitution");
        CommandRun.Of("teach", "compare", "--teacher", "http://127.0.0.1:1/v1", "--constitution", constitution, "--data", data, "--out", _folder.File("b.jsonl")).WasRefused("--teacher-model");
        CommandRun.Of("teach", "compare", "--teacher", "http://127.0.0.1:1/v1", "--teacher-model", "m", "--constitution", constitution, "--data", data, "--out", _folder.File("b.jsonl")).WasRefused("can't be reached");
    }

    private string Comparisons(int count = 30)
    {
        string path = _folder.File("comparisons.jsonl");
        CommandRun.Of("data", "preferences", "--count", $"{count}", "--noise", "0.1", "--out", path).Succeeded();
        return path;
    }
}
