using System.Text;
using Foretell.Tokenizers;

namespace Foretell.Cli.Tests;

public sealed class TokenizerCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Train_ThenEncodeAndDecode_GivesTheBytesBack()
    {
        byte[] text = [.. Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("The cat sat on the mat. Ünïcode 🙂 too.\n", 30))), 0xFF, 0x00, 0xE2, 0x82];
        File.WriteAllBytes(_folder.File("corpus.txt"), text);
        CommandRun trained = CommandRun.Of("tokenizer", "train", "--input", _folder.File("corpus.txt"), "--vocab", "280", "--out", _folder.File("made"), "--json").Succeeded();
        Assert.Equal(280, trained.Json.GetProperty("vocabulary").GetInt32());
        Tokenizer tokenizer = TokenizerFiles.Load(_folder.File("made"));

        CommandRun encoded = CommandRun.With(text, "tokenizer", "encode", "--tokenizer", _folder.File("made"), "--input", "-", "--json").Succeeded();
        var expected = new List<int>();
        tokenizer.Encode(text, expected);
        Assert.Equal(expected, encoded.Json.EnumerateArray().Select(id => id.GetInt32()));
        Assert.Equal(text, CommandRun.With(encoded.Output, "tokenizer", "decode", "--tokenizer", _folder.File("made"), "--input", "-").Succeeded().Output);

        CommandRun lines = CommandRun.Of("tokenizer", "encode", "--tokenizer", _folder.File("made/tokenizer.json"), "--input", _folder.File("corpus.txt")).Succeeded();
        File.WriteAllBytes(_folder.File("ids.txt"), lines.Output);
        Assert.Equal(text, CommandRun.Of("tokenizer", "decode", "--tokenizer", _folder.File("made"), "--input", _folder.File("ids.txt")).Succeeded().Output);
    }

    [Fact]
    public void Encode_OfASpelledSpecialToken_IsThatTokenOnlyWhenAsked()
    {
        new ByteTokenizer().Save(_folder.Path);
        byte[] text = "a<|endoftext|>"u8.ToArray();
        string[] command = ["tokenizer", "encode", "--tokenizer", _folder.Path, "--input", "-", "--json"];
        Assert.Equal(text.Select(value => (int)value), CommandRun.With(text, command).Succeeded().Json.EnumerateArray().Select(id => id.GetInt32()));
        Assert.Equal([97, 256], CommandRun.With(text, [.. command, "--special"]).Succeeded().Json.EnumerateArray().Select(id => id.GetInt32()));
    }

    [Fact]
    public void Train_OnThePublishedCorpus_GivesThePublishedMerges()
    {
        string published = SharedData.Path("tokenizers/train-bpe-reference-merges.txt");
        CommandRun.Of("tokenizer", "train", "--input", SharedData.Path("tokenizers/corpus.en"), "--vocab", "500", "--out", _folder.Path).Succeeded();
        Assert.Equal(500, TokenizerFiles.Load(_folder.Path).VocabularySize);
        using var json = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(_folder.File("tokenizer.json")));
        string[] merges = [.. json.RootElement.GetProperty("model").GetProperty("merges").EnumerateArray().Select(merge => merge.ValueKind == System.Text.Json.JsonValueKind.String ? merge.GetString()! : string.Join(' ', merge.EnumerateArray().Select(part => part.GetString())))];
        Assert.Equal(File.ReadLines(published).Where(line => line.Length > 0), merges);
    }

    [Theory]
    [InlineData("[1, 2, 999999]", "entry 3 is not an id")]
    [InlineData("[1, 2", "not a JSON array")]
    [InlineData("1 two 3", "entry 2 is not an id")]
    [InlineData("", "is empty")]
    public void Decode_OfWhatIsNoIds_IsRefused(string ids, string complaint)
    {
        new ByteTokenizer().Save(_folder.Path);
        CommandRun.With(Encoding.UTF8.GetBytes(ids), "tokenizer", "decode", "--tokenizer", _folder.Path, "--input", "-").WasRefused(complaint);
    }

    [Fact]
    public void WrongInput_IsRefusedInOneSentence()
    {
        CommandRun.Of("tokenizer", "encode", "--tokenizer", _folder.File("none"), "--input", "-", "--json").WasRefused("There is no tokenizer");
        CommandRun.Of("tokenizer", "train", "--input", _folder.File("none"), "--vocab", "300", "--out", _folder.File("out")).WasRefused("does not exist");
        File.WriteAllText(_folder.File("text.txt"), "some text");
        CommandRun.Of("tokenizer", "train", "--input", _folder.File("text.txt"), "--vocab", "10", "--out", _folder.File("out")).WasRefused("too small");
        CommandRun.Of("tokenizer", "train", "--input", _folder.File("text.txt"), "--vocab", "300", "--pattern", "klingon", "--out", _folder.File("out")).WasRefused("klingon");
        Assert.False(Directory.Exists(_folder.File("out")));
    }
}
