using System.Text.Json;

namespace Foretell.Cli.Tests;

public sealed class FineTuneCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;
    private readonly string _data;

    public FineTuneCommandTests()
    {
        _model = _folder.File("base");
        TinyModel.Save(_model);
        _data = _folder.File("chats.jsonl");
        File.WriteAllLines(_data, Enumerable.Range(0, 12).Select(i => $$"""{"messages": [{"role": "user", "content": "{{i}}?"}, {"role": "assistant", "content": "ok"}]}"""));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Sft_Conversations_LeavesAModelThatEndsItsTurns()
    {
        string run = _folder.File("run");
        JsonElement result = CommandRun.Of("sft", "--model", _model, "--data", _data, "--out", run, "--add-markers", "--steps", "60", "--threads", "1", "--set", "learningRate=0.02", "heldOutShare=0.2", "batchRows=2", "answerTokens=8", "--json").Succeeded().Json;
        Assert.Equal(60, result.GetProperty("steps").GetInt64());
        Assert.True(result.GetProperty("heldOutNats").GetDouble() < result.GetProperty("heldOutNatsBefore").GetDouble());
        Assert.Equal(result.GetProperty("questions").GetInt32(), result.GetProperty("ended").GetInt32());
        Assert.Contains("Do answers end?", File.ReadAllText(Path.Combine(run, "report.html")), StringComparison.Ordinal);
        string said = CommandRun.With("3?\n"u8.ToArray(), "chat", run, "--temperature", "0", "--max-tokens", "20").Succeeded().Text;
        Assert.Contains("ok", said, StringComparison.Ordinal);
        Assert.DoesNotContain("cut short", said, StringComparison.Ordinal);
        CommandRun.Of("sft", "--model", _model, "--data", _data, "--out", run).WasRefused("already holds a run");

        // Adapters over the finished model; the folder in PEFT's layout generates by itself.
        string lora = _folder.File("lora");
        CommandRun.Of("sft", "--model", run, "--data", _data, "--out", lora, "--lora", "2", "--steps", "2", "--set", "questions=0", "--threads", "1").Succeeded();
        CommandRun.Of("generate", Path.Combine(lora, "adapter"), "--prompt", "a", "--max-tokens", "2", "--json").Succeeded();
        CommandRun.Of("sft", "--model", run, "--data", _data, "--out", _folder.File("x"), "--lora", "2", "--add-markers").WasRefused("--add-markers does not go with --lora");
    }

    [Fact]
    public void Show_Conversations_PrintsEveryTokensWeight()
    {
        JsonElement batch = CommandRun.Of("data", "show", _data, "--model", _model, "--add-markers", "--rows", "1", "--context", "40", "--json").Succeeded().Json;
        JsonElement[] tokens = [.. batch.GetProperty("tokens").EnumerateArray()];
        Assert.Equal(["o", "k", "<|im_end|>"], tokens.Where(token => token.GetProperty("weight").GetDouble() > 0).Select(token => token.GetProperty("targetText").GetString()));
        Assert.Contains("<|im_start|>", CommandRun.Of("data", "show", _data, "--model", _model, "--add-markers", "--rows", "1").Succeeded().Text, StringComparison.Ordinal);
    }

    [Fact]
    public void WrongInput_IsRefusedInOneSentence()
    {
        string bad = _folder.File("bad.jsonl");
        File.WriteAllLines(bad, ["""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}""", """{"text": "x"}"""]);
        string run = _folder.File("none");
        CommandRun.Of("sft", "--data", _data, "--out", run).WasRefused("sft needs --model");
        CommandRun.Of("sft", "--model", _model, "--data", bad, "--out", run).WasRefused("bad.jsonl, line 2, is in no known form of conversations");
        CommandRun.Of("sft", "--model", _model, "--data", _data, "--out", run, "--set", "tooLong=refuse", "contextLength=8").WasRefused("and a context of 8 holds at most 9");
        CommandRun.Of("sft", "--model", _model, "--data", _data, "--out", run, "--set", "epoch=3").WasRefused("there is no setting \"epoch\"");
        Assert.False(Directory.Exists(run));
    }
}
