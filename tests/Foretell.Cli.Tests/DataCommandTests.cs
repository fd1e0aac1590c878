using System.Text.Json;
using Foretell.Tokenizers;

namespace Foretell.Cli.Tests;

public sealed class DataCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _tokenizer;

    public DataCommandTests()
    {
        _tokenizer = _folder.File("bytes");
        new ByteTokenizer().Save(_tokenizer);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Prepare_OfJsonLines_CountsWhatItWrote_AndShowPrintsIt()
    {
        string corpus = _folder.File("corpus.jsonl");
        File.WriteAllLines(corpus, Enumerable.Range(0, 20).Select(number => $$"""{"body": "Document {{number:00}}."}"""));
        string prepared = _folder.File("prepared");
        JsonElement counts = CommandRun.Of("data", "prepare", "--text", corpus, "--field", "body", "--tokenizer", _tokenizer, "--out", prepared, "--validation-share", "0.25", "--json").Succeeded().Json;
        JsonElement train = counts.GetProperty("train"), validation = counts.GetProperty("validation");
        Assert.Equal(20, train.GetProperty("documents").GetInt64() + validation.GetProperty("documents").GetInt64());
        Assert.Equal(20 * ("Document 00.".Length + 1), train.GetProperty("tokens").GetInt64() + validation.GetProperty("tokens").GetInt64());
        Assert.True(validation.GetProperty("documents").GetInt64() > 0);

        JsonElement batch = CommandRun.Of("data", "show", prepared, "--context", "26", "--rows", "1", "--json").Succeeded().Json;
        Assert.Equal(26, batch.GetProperty("tokens").GetArrayLength());
        string[] words = [.. batch.GetProperty("tokens").EnumerateArray().Select(token => token.GetProperty("targetText").GetString()!)];
        Assert.StartsWith("Document␣", string.Concat(words), StringComparison.Ordinal);
        Assert.Equal("<|endoftext|>", words[12]);

        string first = CommandRun.Of("data", "show", prepared, "--context", "26", "--rows", "1").Succeeded().Text;
        Assert.Contains("row 0, segment 0", first, StringComparison.Ordinal);
        Assert.NotEqual(first, CommandRun.Of("data", "show", prepared, "--context", "26", "--rows", "1", "--batch", "1").Succeeded().Text);
    }

    [Fact]
    public void Prepare_WithATailSplit_HoldsOutTheLastCharacters()
    {
        string text = _folder.File("text.txt");
        File.WriteAllText(text, new string('a', 90) + new string('b', 10));
        JsonElement counts = CommandRun.Of("data", "prepare", "--text", text, "--tokenizer", _tokenizer, "--out", _folder.File("tail"), "--split", "tail", "--validation-share", "0.1", "--json").Succeeded().Json;
        Assert.Equal(90, counts.GetProperty("train").GetProperty("bytes").GetInt64());
        Assert.Equal(10, counts.GetProperty("validation").GetProperty("bytes").GetInt64());
    }

    [Fact]
    public void Show_OfText_NeedsNoPreparation()
    {
        string text = _folder.File("text.txt");
        File.WriteAllText(text, string.Concat(Enumerable.Repeat("A few words. ", 20)));
        string shown = CommandRun.Of("data", "show", "--text", text, "--rows", "1", "--context", "16").Succeeded().Text;
        Assert.Contains("16 tokens, 1 segments, 16 trained targets", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void WrongInput_IsRefusedInOneSentence()
    {
        string text = _folder.File("text.txt");
        File.WriteAllText(text, "short");
        File.WriteAllText(_folder.File("empty.txt"), "");
        CommandRun.Of("data", "show").WasRefused("needs a prepared folder");
        CommandRun.Of("data", "show", _folder.Path).WasRefused("manifest.json is missing");
        CommandRun.Of("data", "show", "--text", text, "--context", "64").WasRefused("one context of 64 needs 65");
        CommandRun.Of("data", "prepare", "--text", _folder.File("empty.txt"), "--tokenizer", _tokenizer, "--out", _folder.File("out")).WasRefused("is empty");
        CommandRun.Of("data", "prepare", "--text", text, "--tokenizer", _tokenizer, "--out", _folder.File("out"), "--split", "head").WasRefused("wanted documents or tail");
        CommandRun.Of("data", "prepare", "--text", text, "--tokenizer", _tokenizer, "--out", _folder.File("out"), "--validation-share", "1.5").WasRefused("validation share");
        Assert.False(Directory.Exists(_folder.File("out")));
    }
}
