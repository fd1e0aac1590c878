using System.Text;

namespace Foretell.Data.Tests;

public class CorpusTests
{
    [Fact]
    public void Text_WithMarkers_EndsDocumentsThereWithTheLineBreakBehind()
    {
        using var data = new DataFixture();
        string path = data.Write("a.txt", "One.\n<|endoftext|>\nTwo<|endoftext|>Three\n<|endoftext|>\r\n<|endoftext|>\n \n<|endoftext|>\n");
        Assert.Equal(["One.\n", "Two", "Three\n"], Documents([path]));
    }

    [Fact]
    public void Text_WithoutMarker_IsOneDocumentWithoutItsByteOrderMark()
    {
        using var data = new DataFixture();
        Assert.Equal(["\nhéllo\n\n"], Documents([data.Write("a.txt", "\uFEFF\nhéllo\n\n")]));
    }

    [Fact]
    public void Text_WithEmptyMarkerOption_IsOneDocumentAFile()
    {
        using var data = new DataFixture();
        Assert.Equal(["a<|endoftext|>b"], Documents([data.Write("a.txt", "a<|endoftext|>b")], new CorpusOptions { EndOfTextMarker = "" }));
    }

    [Fact]
    public void Pieces_OfAnyText_JoinToTheDocumentsWhateverThePieceSize()
    {
        using var data = new DataFixture();
        var random = new SplitMix64(7);
        string[] alphabet = ["a", " ", "\n", "é", "漢", "😀", "\r\n", "word", "<|end", "of", "text|>"];
        for (int trial = 0; trial < 60; trial++)
        {
            string[] documents = [.. Enumerable.Range(0, 1 + (int)random.Below(5)).Select(_ =>
                "x" + string.Concat(Enumerable.Range(0, (int)random.Below(700)).Select(_ => alphabet[random.Below(alphabet.Length)])).Replace("<|endoftext|>", "", StringComparison.Ordinal) + "y")];
            string path = data.Write("a.txt", string.Join("<|endoftext|>", documents));
            DocumentPiece[] pieces = [.. Corpus.Open([path], new CorpusOptions { PieceBytes = 128 + (int)random.Below(300) }).Pieces()];
            Assert.Equal(documents, Documents([path], new CorpusOptions { PieceBytes = 128 }));
            Assert.All(pieces, piece => Assert.Equal(piece.Text.Length, Encoding.UTF8.GetByteCount(Encoding.UTF8.GetString(piece.Text.Span).Replace("\uFFFD", "", StringComparison.Ordinal))));
            Assert.Equal(documents.Length, pieces.Count(piece => piece.EndsDocument));
        }
    }

    [Fact]
    public void Pieces_OfALongDocument_AreBoundedAndCutBeforeALineOfLetters()
    {
        using var data = new DataFixture();
        string text = string.Concat(Enumerable.Range(0, 200).Select(line => $"line {line} of the text,\n\n- and a point\n"));
        DocumentPiece[] pieces = [.. Corpus.Open([data.Write("a.txt", text)], new CorpusOptions { PieceBytes = 256 }).Pieces()];
        Assert.All(pieces, piece => Assert.InRange(piece.Text.Length, 1, 256));
        Assert.All(pieces[..^1], piece => Assert.EndsWith("- and a point\n", Encoding.UTF8.GetString(piece.Text.Span), StringComparison.Ordinal));
        Assert.All(pieces[..^1], piece => Assert.False(piece.EndsDocument));
        Assert.True(pieces[^1].EndsDocument);
    }

    [Fact]
    public void JsonLines_WithNamedField_GivesItsTextUnescaped()
    {
        using var data = new DataFixture();
        string path = data.Write("a.jsonl", """
            {"text":"no","story":"A \"q\" \u00e9\n","more":{"story":[1,{"story":2}]}}

            {"story":"   "}
            {"n":1,"story":"<|endoftext|> is text here"}
            """);
        Assert.Equal(["A \"q\" é\n", "<|endoftext|> is text here"], Documents([path], new CorpusOptions { TextField = "story" }));
    }

    [Fact]
    public void JsonLines_LongerThanTheBuffer_AreReadWhole()
    {
        using var data = new DataFixture();
        string[] texts = [new string('a', 200_000), "b", new string('c', 70_000)];
        Assert.Equal(texts, Documents([data.Write("a.jsonl", string.Join('\n', texts.Select(text => $$"""{"text":"{{text}}"}""")))]));
    }

    [Theory]
    [InlineData("a.txt.gz", "one<|endoftext|>two")]
    [InlineData("a.jsonl.gz", "{\"text\":\"one\"}\n{\"text\":\"two\"}\n")]
    public void Gzip_OfEitherFormat_GivesTheSameDocuments(string name, string content)
    {
        using var data = new DataFixture();
        Assert.Equal(["one", "two"], Documents([data.Write(name, content)]));
    }

    [Fact]
    public void Gzip_OfSeveralMembers_IsReadToTheEnd()
    {
        using var data = new DataFixture();
        string path = data.Path("a.txt.gz");
        File.WriteAllBytes(path, [.. DataFixture.Compress(Encoding.UTF8.GetBytes(new string('a', 300_000))), .. DataFixture.Compress("b"u8.ToArray())]);
        Assert.Equal([new string('a', 300_000) + "b"], Documents([path]));
    }

    [Fact]
    public void AllowBytes_WithBytesThatAreNotUtf8_GivesThemUnchanged()
    {
        using var data = new DataFixture();
        byte[] bytes = [0xFF, 0x00, 0x80, .. "<|endoftext|>"u8, 0xC3];
        Assert.Equal([[0xFF, 0x00, 0x80], [0xC3]], Corpus.Open([data.Write("a.txt", bytes)], new CorpusOptions { AllowBytes = true }).Documents());
    }

    [Fact]
    public void Cancellation_WhileReading_Stops()
    {
        using var data = new DataFixture();
        using var cancellation = new CancellationTokenSource();
        using IEnumerator<DocumentPiece> pieces = Corpus.Open([data.Write("a.txt", "a<|endoftext|>b")]).Pieces(cancellation: cancellation.Token).GetEnumerator();
        Assert.True(pieces.MoveNext());
        cancellation.Cancel();
        Assert.Throws<OperationCanceledException>(() => pieces.MoveNext());
    }

    [Fact]
    public void SharedCorpora_HaveTheNumbersOfDocumentsTheyShould()
    {
        // 2,316 whole stories and the beginning of one more, where the excerpt breaks off.
        Assert.Equal(2317, Corpus.Open([SharedData.Path("text/tinystories-cased-2MiB.txt")]).Documents().Count());
        Assert.Equal(12_500, Corpus.Open([SharedData.Path("reviews/imdb-train_pos.jsonl.gz")]).Pieces().Count());
    }

    private static IEnumerable<string> Documents(string[] paths, CorpusOptions? options = null) =>
        Corpus.Open(paths, options).Documents().Select(document => Encoding.UTF8.GetString(document));
}
