using System.Text.Json;

namespace Foretell.Cli.Tests;

public sealed class ConvertCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Convert_ThereAndBack_GeneratesTheSameText()
    {
        string original = _folder.File("original"), gguf = _folder.File("model.gguf"), back = _folder.File("back");
        TinyModel.Save(original);
        JsonElement figures = CommandRun.Of("convert", original, gguf, "--json").Succeeded().Json;
        Assert.True(figures.GetProperty("equal").GetBoolean());
        Assert.Equal(0, figures.GetProperty("relativeLogitError").GetDouble());
        Assert.Equal(new FileInfo(gguf).Length, figures.GetProperty("bytesOut").GetInt64());
        Assert.Contains("the same bits", CommandRun.Of("convert", gguf, back).Succeeded().Text, StringComparison.Ordinal);
        string[] generate = ["--prompt", "Hello", "--max-tokens", "12", "--temperature", "0", "--json"];
        string expected = CommandRun.Of(["generate", original, .. generate]).Succeeded().Text;
        Assert.Equal(expected, CommandRun.Of(["generate", gguf, .. generate]).Succeeded().Text);
        Assert.Equal(expected, CommandRun.Of(["generate", back, .. generate]).Succeeded().Text);
        Assert.Equal(File.ReadAllBytes(Path.Combine(original, "model.safetensors")), File.ReadAllBytes(Path.Combine(back, "model.safetensors")));
    }

    [Fact]
    public void Convert_Quantized_SaysWhatItCost()
    {
        string original = _folder.File("original"), gguf = _folder.File("model.gguf");
        TinyModel.Save(original);
        CommandRun.Of("convert", original, gguf, "--quantize", "bf16").Succeeded();
        CommandRun.Of("convert", original, gguf).WasRefused("--force");
        string text = CommandRun.Of("convert", original, gguf, "--quantize", "Q8_0", "--force").Succeeded().Text;
        Assert.Contains("q8_0", text, StringComparison.Ordinal);
        Assert.Contains("weights that were rounded differ by", text, StringComparison.Ordinal);
        Assert.Contains("nats of divergence", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Convert_OfWrongInput_IsRefusedInOneSentence()
    {
        string original = _folder.File("original");
        TinyModel.Save(original);
        File.WriteAllText(_folder.File("text.gguf"), "not a model");
        CommandRun.Of("convert", _folder.File("none"), _folder.File("out.gguf")).WasRefused("There is no folder or file");
        CommandRun.Of("convert", _folder.File("text.gguf"), _folder.File("out")).WasRefused("not a GGUF file");
        CommandRun.Of("convert", original, _folder.File("out.gguf"), "--quantize", "q3").WasRefused("wanted q8_0");
        CommandRun.Of("convert", original, _folder.File("out"), "--quantize", "q8_0").WasRefused("Safetensors hold no blocks");
        Assert.False(Path.Exists(_folder.File("out")) || Path.Exists(_folder.File("out.gguf")));
    }
}
