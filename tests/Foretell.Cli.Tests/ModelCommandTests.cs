using System.Text;
using System.Text.Json;

namespace Foretell.Cli.Tests;

public sealed class ModelCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;
    private readonly string _text;

    public ModelCommandTests()
    {
        _model = _folder.File("model");
        TinyModel.Save(_model);
        _text = _folder.File("text.bin");
        File.WriteAllBytes(_text, [.. Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("The red ball, ünïcode 🙂. ", 20))), 0xFF, 0]);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Generate_WithTheSameSeed_GivesTheSameText()
    {
        string[] command = ["generate", _model, "--prompt", "Hello", "--max-tokens", "12", "--seed", "7"];
        JsonElement first = CommandRun.Of([.. command, "--json"]).Succeeded().Json, again = CommandRun.Of([.. command, "--json", "--threads", "1"]).Succeeded().Json;
        Assert.Equal(first.GetProperty("text").GetString(), again.GetProperty("text").GetString());
        Assert.Equal(12, first.GetProperty("ids").GetArrayLength());
        Assert.Equal("length", first.GetProperty("finishReason").GetString());
        Assert.Equal("Hello" + first.GetProperty("text").GetString() + Environment.NewLine, CommandRun.Of(command).Succeeded().Text);
    }

    [Fact]
    public void Generate_PastTheContext_SaysThatItIsFull()
    {
        // A run's folder stands for its finished model.
        JsonElement answer = CommandRun.Of("generate", _folder.Path, "--prompt", new string('x', TinyModel.Context - 4), "--max-tokens", "1000", "--json").Succeeded().Json;
        Assert.Equal("contextFull", answer.GetProperty("finishReason").GetString());
        Assert.Equal(5, answer.GetProperty("ids").GetArrayLength());
    }

    [Fact]
    public void Generate_WithoutAPrompt_BeginsAText()
    {
        JsonElement answer = CommandRun.Of("generate", _model, "--max-tokens", "1", "--json").Succeeded().Json;
        Assert.Equal([256], answer.GetProperty("promptIds").EnumerateArray().Select(id => id.GetInt32()));
    }

    [Fact]
    public void Generate_OfStories260K_IsThePublishedGreedyText()
    {
        string model = SharedData.Path("models/stories260K/hf");
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(SharedData.Path("models/stories260K/golden.json")));
        int[] ids = [.. golden.RootElement.GetProperty("golden_ids_with_bos").EnumerateArray().Select(id => id.GetInt32())];
        JsonElement answer = CommandRun.Of("generate", model, "--prompt", "", "--max-tokens", $"{ids.Length - 1}", "--temperature", "0", "--json").Succeeded().Json;
        Assert.Equal(golden.RootElement.GetProperty("golden_text").GetString(), answer.GetProperty("text").GetString());
        Assert.Equal(ids[1..], answer.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()));

        JsonElement prompted = golden.RootElement.GetProperty("cases")[0];
        answer = CommandRun.Of("generate", model, "--prompt", prompted.GetProperty("prompt").GetString()!, "--max-tokens", "60", "--temperature", "0", "--json").Succeeded().Json;
        Assert.Equal(prompted.GetProperty("text").GetString(), prompted.GetProperty("prompt").GetString() + answer.GetProperty("text").GetString());
    }

    [Fact]
    public void Evaluate_AndCompress_AgreeOnTheBits()
    {
        long length = new FileInfo(_text).Length;
        JsonElement score = CommandRun.Of("evaluate", _model, "--text", _text, "--json").Succeeded().Json;
        Assert.Equal(length, score.GetProperty("bytes").GetInt64());
        Assert.Equal(length, score.GetProperty("tokens").GetInt64());
        Assert.Equal(score.GetProperty("nats").GetDouble() / Math.Log(2) / length, score.GetProperty("bitsPerByte").GetDouble(), 1e-5);

        string coded = _folder.File("text.coded"), restored = _folder.File("text.restored");
        JsonElement figures = CommandRun.Of("compress", _model, _text, coded, "--json").Succeeded().Json;
        Assert.Equal(length, figures.GetProperty("bytesIn").GetInt64());
        Assert.Equal(new FileInfo(coded).Length, figures.GetProperty("bytesOut").GetInt64());
        Assert.InRange(new FileInfo(coded).Length - score.GetProperty("bitsPerByte").GetDouble() * length / 8, 0, 200);
        CommandRun.Of("decompress", _model, coded, restored, "--threads", "1").Succeeded();
        Assert.Equal(File.ReadAllBytes(_text), File.ReadAllBytes(restored));

        CommandRun.Of("decompress", _model, coded, restored).WasRefused("exists already");
        CommandRun.Of("decompress", _model, coded, restored, "--force").Succeeded();
        TinyModel.Save(_folder.File("other"), seed: 2);
        CommandRun.Of("decompress", _folder.File("other"), coded, _folder.File("wrong")).WasRefused("was compressed with the model");
        byte[] damaged = File.ReadAllBytes(coded);
        damaged[^1] ^= 1;
        File.WriteAllBytes(coded, damaged);
        CommandRun.Of("decompress", _model, coded, _folder.File("wrong")).WasRefused("damaged");
        Assert.False(File.Exists(_folder.File("wrong")));
    }

    [Fact]
    public void Chat_ThroughAPipe_AnswersEachLineAndStartsOverAloudWhenTheContextIsFull()
    {
        byte[] lines = Encoding.UTF8.GetBytes("Hello there\nAnd again\n/reset\nA line that alone fills more than half of it.\n" + new string('x', 100) + "\n/exit\nnever read\n");
        string text = CommandRun.With(lines, "chat", _model, "--max-tokens", "40", "--temperature", "0.5").Succeeded().Text;
        Assert.Contains("has not learned to answer", text, StringComparison.Ordinal);
        Assert.Contains("(started over)\n", text, StringComparison.Ordinal);
        Assert.Contains("context of 64 tokens is full", text, StringComparison.Ordinal);
        Assert.Contains("(this line has 101 tokens, and the model's context only 64; it was left out)\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Chat_WithAChatTemplate_AnswersInTurns()
    {
        string folder = _folder.File("chat");
        TinyModel.Save(folder);
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"chat_template": "{% for m in messages %}{{ m.role[0] + ':' + m.content + '\\n' }}{% endfor %}{{ 'a:' }}"}""");
        byte[] lines = Encoding.UTF8.GetBytes("Hi\n/system Be kind.\nHi\nAgain\n/reset\n/system\nHi\n" + new string('x', 100) + "\n/exit\nnever read\n");
        CommandRun run = CommandRun.With(lines, "chat", folder, "--max-tokens", "12", "--temperature", "0", "--system", "Be kind.").Succeeded();
        Assert.Contains("/system TEXT", run.Text, StringComparison.Ordinal);
        Assert.Contains("(started over with these instructions)\n", run.Text, StringComparison.Ordinal);
        Assert.Contains("(started over without instructions)\n", run.Text, StringComparison.Ordinal);
        Assert.Contains("context of 64 tokens is full; starting over from this line", run.Text, StringComparison.Ordinal);
        Assert.Contains("(this line makes 105 tokens, and the model's context has only 64; it was left out)\n", run.Text, StringComparison.Ordinal);
        // The same instructions and the same words, greedily: the same answer; without the instructions another.
        string[] answers = [.. run.Text.Split('\n').Where(line => line.Length > 0 && line[0] != '(' && line[0] != '/')];
        Assert.Equal(answers[0], answers[1]);
        Assert.NotEqual(answers[0], answers[3]);
    }

    [Fact]
    public void WrongInput_IsRefusedInOneSentence()
    {
        CommandRun.Of("generate", _folder.File("none"), "--prompt", "x").WasRefused("There is no folder or file");
        CommandRun.Of("generate", _text, "--prompt", "x").WasRefused("is a file, but not a GGUF file");
        CommandRun.Of("generate", _model, "--prompt", new string('x', 100)).WasRefused("must leave room");
        CommandRun.Of("generate", _model, "--temperature", "-1").WasRefused("temperature must be at least 0");
        CommandRun.Of("generate", _model, "--precision", "int3").WasRefused("wanted float32 or bfloat16");
        CommandRun.Of("evaluate", _model, "--text", _folder.File("none")).WasRefused("There is no file");
        File.WriteAllBytes(_folder.File("empty"), []);
        CommandRun.Of("evaluate", _model, "--text", _folder.File("empty")).WasRefused("is empty");
        Directory.CreateDirectory(_folder.File("run/checkpoints"));
        CommandRun.Of("evaluate", _folder.File("run"), "--text", _text).WasRefused("is not finished");
        CommandRun.Of("compress", _model, _text, _folder.Path).WasRefused("is a folder");
    }
}
