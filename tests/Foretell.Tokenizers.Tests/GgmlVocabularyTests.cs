using System.Text;
using System.Text.Json.Nodes;

namespace Foretell.Tokenizers.Tests;

public class GgmlVocabularyTests
{
    private static readonly string[] s_texts =
    [
        "", " ", "Once upon a time", "  two  spaces ", "It's 12345 o'clock, I'LL GO!", "naïve ünïcödé cafe\u0301 北京 🙂👍🏽", "tabs\tand\r\nlines\n\n\n", "x=1;y+=[2]{3}//", "<|endoftext|><|im_start|><think>", new string('a', 300), "ﬁ①ｱ",
    ];

    /// <summary>Published tokenizers, described and built again.</summary>
    [Theory]
    [InlineData("tokenizers/gpt2", "gpt-2")]
    [InlineData("tokenizers/llama3.1", "llama-bpe")]
    [InlineData("tokenizers/qwen3", "qwen2")]
    public void ToTokenizer_OfAPublishedTokenizer_IsTheSame(string path, string pre)
    {
        Tokenizer original = TokenizerFiles.Load(SharedData.Path(path));
        int count = original.VocabularySize + 7;
        GgmlVocabulary vocabulary = GgmlVocabulary.Of(original, count) with { BeginId = original.BeginOfTextId, EndId = original.EndOfTextId };
        Assert.Equal(GgmlVocabulary.BytePairs, vocabulary.Model);
        Assert.Equal(pre, vocabulary.Pre);
        Assert.Equal(count, vocabulary.Tokens.Count);
        Assert.Equal((int)GgmlTokenType.Unused, vocabulary.Types![^1]);
        Tokenizer built = vocabulary.ToTokenizer();
        Assert.Equal(original.VocabularySize, built.VocabularySize);
        Assert.Equal(original.BeginOfTextId, built.BeginOfTextId);
        Assert.Equal(original.EndOfTextId, built.EndOfTextId);
        AssertSameIds(original, built);
        using var folder = new TemporaryFolder();
        built.Save(folder.Path);
        Tokenizer saved = TokenizerFiles.Load(folder.Path);
        Assert.Equal(built.Fingerprint, saved.Fingerprint);
        Assert.Equal(built.BeginOfTextId, saved.BeginOfTextId);
    }

    [Fact]
    public void ToTokenizer_OfStories260K_GivesTheReferenceIdsThroughScores()
    {
        Tokenizer original = TokenizerFiles.Load(SharedData.Path("models/stories260K/hf"));
        GgmlVocabulary vocabulary = GgmlVocabulary.Of(original, 512) with { BeginId = 1, EndId = 2 };
        Assert.Equal(GgmlVocabulary.Pieces, vocabulary.Model);
        Assert.Null(vocabulary.Merges);
        Assert.Equal(0, vocabulary.UnknownId);
        Tokenizer built = vocabulary.ToTokenizer();
        AssertSameIds(original, built);
        using var folder = new TemporaryFolder();
        built.Save(folder.Path);
        Tokenizer saved = TokenizerFiles.Load(folder.Path);
        JsonArray cases = JsonNode.Parse(File.ReadAllText(SharedData.Path("models/stories260K/tokenizer_cases.json")))!["tok512"]!.AsArray();
        Assert.All(cases, item =>
        {
            var ids = new List<int> { 1 };
            built.Encode(Encoding.UTF8.GetBytes((string)item!["text"]!), ids, allowSpecial: true);
            Assert.Equal(item["hf_rust_ids"]!.Integers(), ids);
            ids.RemoveRange(1, ids.Count - 1);
            saved.Encode(Encoding.UTF8.GetBytes((string)item["text"]!), ids, allowSpecial: true);
            Assert.Equal(item["hf_rust_ids"]!.Integers(), ids);
            Assert.Equal((string)item["hf_rust_decoded"]!, saved.Decode(ids.ToArray()));
        });
    }

    /// <summary>SentencePiece joins the leftmost of the pairs whose tokens have the same score, whatever their ids.</summary>
    [Theory]
    [InlineData("abc", new[] { "ab", "c" })]
    [InlineData("abcbc", new[] { "ab", "c", "bc" })]
    [InlineData("cab", new[] { "ca", "b" })]
    public void ToTokenizer_WithEqualScores_JoinsTheLeftmost(string text, string[] pieces)
    {
        GgmlVocabulary vocabulary = Pieces(("bc", -1), ("ab", -1), ("ca", -1)) with { AddsSpacePrefix = false };
        Tokenizer tokenizer = vocabulary.ToTokenizer();
        Assert.Equal(pieces, tokenizer.Encode(text).Select(id => vocabulary.Tokens[id]));
    }

    [Fact]
    public void ToTokenizer_OfMergesThatScoresCannotSay_KeepsTheMerges()
    {
        // "abc" is made by a + bc alone; a score would let ab + c make it too.
        GgmlVocabulary vocabulary = Pieces(("ab", 0), ("bc", 0), ("abc", 0)) with { Scores = null, Merges = ["a b", "b c", "a bc"], AddsSpacePrefix = false };
        Tokenizer tokenizer = vocabulary.ToTokenizer();
        Assert.Equal(["ab", "c"], tokenizer.Encode("abc").Select(id => vocabulary.Tokens[id]));
        GgmlVocabulary again = GgmlVocabulary.Of(tokenizer, vocabulary.Tokens.Count);
        Assert.Equal(vocabulary.Merges, again.Merges);
        Assert.Equal(tokenizer.Encode("abcab"), again.ToTokenizer().Encode("abcab"));
    }

    [Fact]
    public void ToTokenizer_OfControlTokens_KeepsTextFromBecomingOne()
    {
        GgmlVocabulary vocabulary = Pieces(("<b", 0), ("<b>", 0)) with { AddsSpacePrefix = false };
        int control = vocabulary.Tokens.ToList().IndexOf("<b>");
        int[] types = [.. vocabulary.Types!];
        types[control] = (int)GgmlTokenType.Control;
        Tokenizer tokenizer = (vocabulary with { Types = types }).ToTokenizer();
        Assert.DoesNotContain(control, tokenizer.Encode("a<b>"));
        var trusted = new List<int>();
        tokenizer.Encode("a<b>"u8, trusted, allowSpecial: true);
        Assert.Equal(control, trusted[^1]);
    }

    [Fact]
    public void Of_BytesAndCharacters_GivesTheSameIds()
    {
        AssertSameIds(new ByteTokenizer(), GgmlVocabulary.Of(new ByteTokenizer(), 257).ToTokenizer());
        CharacterTokenizer characters = CharacterTokenizer.Train("Once upon a time, ünï ◆"u8);
        AssertSameIds(characters, GgmlVocabulary.Of(characters, characters.VocabularySize).ToTokenizer());
    }

    [Theory]
    [InlineData("types", "256 tokens, but 1 types")]
    [InlineData("type 9", "of the type 9")]
    [InlineData("NaN", "a score that is no number")]
    [InlineData("bos", "bos token has the id 256")]
    [InlineData("no bytes", "no token <0x00>")]
    [InlineData("no scores", "neither scores")]
    [InlineData("twice", "has two ids")]
    public void ToTokenizer_OfAContradiction_SaysWhere(string fault, string because)
    {
        GgmlVocabulary vocabulary = Pieces();
        string[] tokens = [.. vocabulary.Tokens];
        GgmlVocabulary broken = fault switch
        {
            "types" => vocabulary with { Types = [1] },
            "type 9" => vocabulary with { Types = [9, .. vocabulary.Types!.Skip(1)] },
            "NaN" => vocabulary with { Scores = [float.NaN, .. vocabulary.Scores!.Skip(1)] },
            "bos" => vocabulary with { BeginId = 256 },
            "no bytes" => vocabulary with { Tokens = ["x", .. tokens[1..]] },
            "no scores" => vocabulary with { Scores = null },
            _ => vocabulary with { Tokens = [tokens[1], .. tokens[1..]] },
        };
        Assert.Contains(because, Assert.Throws<FormatException>(broken.ToTokenizer).Message);
    }

    private static void AssertSameIds(Tokenizer expected, Tokenizer actual)
    {
        foreach (string text in s_texts)
        {
            Assert.Equal(expected.Encode(text), actual.Encode(text));
            List<int> trusted = [], other = [];
            expected.Encode(Encoding.UTF8.GetBytes(text), trusted, allowSpecial: true);
            actual.Encode(Encoding.UTF8.GetBytes(text), other, allowSpecial: true);
            Assert.Equal(trusted, other);
        }
    }

    /// <summary>The bytes, then some letters when there are pieces to make of them, then the pieces.</summary>
    private static GgmlVocabulary Pieces(params (string Piece, float Score)[] pieces)
    {
        string[] letters = pieces.Length == 0 ? [] : ["▁", "a", "b", "c", "<", ">"];
        string[] tokens = [.. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>"), .. letters, .. pieces.Select(piece => piece.Piece)];
        return new GgmlVocabulary
        {
            Model = GgmlVocabulary.Pieces,
            Tokens = tokens,
            Types = [.. tokens.Select((_, id) => (int)(id < 256 ? GgmlTokenType.Byte : GgmlTokenType.Normal))],
            Scores = [.. tokens.Select((_, id) => id < 256 + letters.Length ? 0 : pieces[id - 256 - letters.Length].Score)],
        };
    }
}
