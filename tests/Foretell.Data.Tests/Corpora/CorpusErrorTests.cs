using System.Text;

namespace Foretell.Data.Tests;

public class CorpusErrorTests
{
    [Fact]
    public void Open_WithoutPaths_SaysSo() =>
        Assert.Equal("No path of a corpus was given; name a file, a folder or a glob.", Assert.Throws<CorpusException>(() => Corpus.Open([])).Message);

    [Fact]
    public void Open_MissingPath_NamesIt()
    {
        using var data = new DataFixture();
        string path = data.Path("nowhere.txt");
        Assert.Equal($"{path} does not exist; a corpus path is a file, a folder or a glob.", Assert.Throws<CorpusException>(() => Corpus.Open([path])).Message);
    }

    [Fact]
    public void Open_GlobWithoutMatch_NamesIt()
    {
        using var data = new DataFixture();
        string glob = data.Path("missing/*.txt");
        Assert.Equal($"The glob {glob} matches no file; check it against the folder's contents.", Assert.Throws<CorpusException>(() => Corpus.Open([glob])).Message);
    }

    [Fact]
    public void Open_FolderWithoutCorpusFiles_SaysWhichItWants()
    {
        using var data = new DataFixture();
        data.Write("a.md", "x");
        Assert.Contains("holds no .txt, .jsonl, .txt.gz or .jsonl.gz file", Assert.Throws<CorpusException>(() => Corpus.Open([data.Folder])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_EmptyFile_NamesIt()
    {
        using var data = new DataFixture();
        string path = data.Write("a.txt", "");
        Assert.Equal($"{path} is empty (0 bytes); remove it from the corpus or fill it.", Assert.Throws<CorpusException>(() => Corpus.Open([path])).Message);
    }

    [Theory]
    [InlineData("a.txt", " \n<|endoftext|>\n\n")]
    [InlineData("a.jsonl", "\n\n{\"text\":\" \"}\n")]
    [InlineData("a.txt.gz", "\n")]
    public void Read_OnlyWhiteSpace_NamesTheFile(string name, string content)
    {
        using var data = new DataFixture();
        string path = data.Write(name, content);
        Assert.Equal($"{path} holds no text, only white space or document ends; remove it from the corpus or fill it.", Wrong(path));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5000)]
    [InlineData(100_001)]
    public void Read_BadByte_NamesItsOffset(int offset)
    {
        using var data = new DataFixture();
        byte[] bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("é<|endoftext|>\n", 8000)));
        bytes[offset] = 0xFE;
        string path = data.Write("a.txt", bytes);
        string message = Wrong(path, new CorpusOptions { PieceBytes = 4096 });
        // A byte that breaks a character of two makes that character's first byte the bad one.
        int reported = offset > 0 && bytes[offset - 1] == 0xC3 ? offset - 1 : offset;
        Assert.Equal($"{path} is not UTF-8: the byte at offset {reported} begins no valid character; convert it to UTF-8.", message);
    }

    [Fact]
    public void Read_CharacterCutByTheEnd_NamesItsOffset()
    {
        using var data = new DataFixture();
        Assert.Contains("offset 3 ", Wrong(data.Write("a.txt", [.. "abc"u8, 0xE6, 0xBC])), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Utf16_IsGuessed()
    {
        using var data = new DataFixture();
        Assert.Contains("offset 0 begins no valid character (it begins like UTF-16)", Wrong(data.Write("a.txt", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("hello")])), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_JsonLineThatIsNotUtf8_NamesItsOffset()
    {
        using var data = new DataFixture();
        string path = data.Write("a.jsonl", [.. "{\"text\":\"a\"}\n{\"text\":\""u8, 0xFF, .. "\"}"u8]);
        Assert.Equal($"{path} is not UTF-8: the byte at offset 22 begins no valid character; convert it to UTF-8.", Wrong(path));
    }

    [Fact]
    public void Read_WrongField_NamesThoseThere()
    {
        using var data = new DataFixture();
        string path = data.Write("a.jsonl", "{\"text\":\"a\"}\n{\"body\":\"b\",\"id\":7}\n");
        Assert.Equal($"{path}, line 2, has no field \"text\"; the fields there are \"body\", \"id\".", Wrong(path));
    }

    [Theory]
    [InlineData("{\"text\":5}", "has a number in the field \"text\" where a string was expected.")]
    [InlineData("{\"text\":null}", "has null in the field \"text\" where a string was expected.")]
    [InlineData("[1]", "holds an array where a JSON object with the field \"text\" was expected.")]
    [InlineData("{\"text\":\"\\ud800\"}", "has an escape of half a character (an unpaired surrogate) in the field \"text\"; write whole characters.")]
    [InlineData("{\"text\":\"a\",}", "is not valid JSON (byte 12 of the line); every line must be one JSON object.")]
    [InlineData("{\"text\":\"a\"} {}", "is not valid JSON (byte 13 of the line); every line must be one JSON object.")]
    [InlineData("{\"text\":\"a", "is not valid JSON (byte 10 of the line); every line must be one JSON object.")]
    [InlineData("text", "is not valid JSON (byte 1 of the line); every line must be one JSON object.")]
    public void Read_WrongLine_SaysWhat(string line, string expected)
    {
        using var data = new DataFixture();
        string path = data.Write("a.jsonl", "{\"text\":\"fine\"}\n" + line);
        Assert.Equal($"{path}, line 2, {expected}", Wrong(path));
    }

    [Theory]
    [InlineData(0.0001)]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    [InlineData(0.9999)]
    public void Read_TruncatedGzip_NamesTheFile(double share)
    {
        using var data = new DataFixture();
        string path = data.Write("a.txt.gz", string.Concat(DataFixture.RandomDocuments(5000, 200, 1)));
        byte[] whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, whole[..(int)(whole.Length * share)]);
        string message = Wrong(path);
        Assert.StartsWith($"{path} is not a whole gzip file: after ", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void Read_GzipWithoutItsWholeTrailer_NamesTheFile(int missing)
    {
        using var data = new DataFixture();
        string path = data.Write("a.jsonl.gz", "{\"text\":\"one\"}\n");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^missing]);
        Assert.Contains("is not a whole gzip file", Wrong(path), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_PlainFileNamedGz_NamesTheFile()
    {
        using var data = new DataFixture();
        string path = data.Path("a.txt.gz");
        File.WriteAllText(path, "not compressed");
        Assert.Contains("is not a whole gzip file", Wrong(path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 1 << 20, "The text field has an empty name; name the .jsonl field that holds the text, such as \"text\".")]
    [InlineData("text", 1, "PieceBytes is 1; it must be from 128 to 268435456.")]
    public void Open_OptionOutOfRange_SaysWhich(string field, int pieceBytes, string expected) =>
        Assert.Equal(expected, Assert.Throws<ArgumentException>(() => Corpus.Open(["x"], new CorpusOptions { TextField = field, PieceBytes = pieceBytes })).Message);

    private static string Wrong(string path, CorpusOptions? options = null) =>
        Assert.Throws<CorpusException>(() => Corpus.Open([path], options).Pieces().Count()).Message;
}
