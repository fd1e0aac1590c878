using System.Text;
using System.Text.Json.Nodes;

namespace Foretell.Tokenizers.Tests;

public class TokenizerFilesTests
{
    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("[]", "not hold a JSON object")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\"", "not valid JSON at line 1")]
    [InlineData("{}", "no \"model\"")]
    [InlineData("{\"model\": 3}", "\"model\" is not an object")]
    [InlineData("{\"model\": {\"type\": \"Unigram\", \"vocab\": []}}", "of type Unigram")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"merges\": []}}", "no vocabulary")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {}}}", "no merges")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {}, \"merges\": []}}", "no ByteLevel step")]
    public void Load_OfAFileThatIsNoTokenizer_SaysWhy(string json, string expected) => AssertRefused(json, expected);

    [Theory]
    [InlineData("pre_tokenizer", "{\"type\": \"Whitespace\"}", "pre_tokenizer Whitespace is not supported")]
    [InlineData("pre_tokenizer", "{\"type\": \"ByteLevel\", \"add_prefix_space\": true}", "add_prefix_space")]
    [InlineData("pre_tokenizer", "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Split\", \"pattern\": {\"Regex\": \"x\"}, \"behavior\": \"Removed\"}]}", "behavior \"Removed\"")]
    [InlineData("pre_tokenizer", "{\"type\": \"Split\", \"behavior\": \"Isolated\"}", "has no pattern")]
    [InlineData("normalizer", "{\"type\": \"Lowercase\"}", "normalizer Lowercase is not supported")]
    [InlineData("added_tokens", "[{\"id\": 300}]", "no \"content\"")]
    [InlineData("added_tokens", "[{\"id\": 300, \"content\": \"<x>\", \"single_word\": true}]", "single_word")]
    [InlineData("added_tokens", "[{\"id\": 300, \"content\": \"<x>\"}, {\"id\": 300, \"content\": \"<y>\"}]", "two added tokens, '<x>' and '<y>'")]
    [InlineData("added_tokens", "[{\"id\": \"three\", \"content\": \"<x>\"}]", "wrong JSON type")]
    [InlineData("model/vocab", "{\"a\": 0}", "no token for the byte 0x00")]
    [InlineData("model/vocab", "{\"a\": \"zero\"}", "no integer id")]
    [InlineData("model/vocab", "{\"a\": 0, \"b\": 0}", "stands for two tokens")]
    [InlineData("model/vocab", "{\"a\": -4}", "has the id -4")]
    [InlineData("model/merges", "[\"a\"]", "Merge 1 is 'a'")]
    [InlineData("model/merges", "[\"a b\"]", "makes a token that the vocabulary lacks")]
    [InlineData("model/merges", "[[\"a\", 3]]", "Merge 1 is not made of strings")]
    [InlineData("model/merges", "[[\"ab\", \"a\"]]", "begins with a token that the vocabulary lacks")]
    [InlineData("model/merges", "[[\"a\", \"a\", \"a\"]]", "makes a token that the vocabulary lacks")]
    [InlineData("model/dropout", "0.1", "sets \"dropout\"")]
    [InlineData("model/end_of_word_suffix", "\"</w>\"", "sets \"end_of_word_suffix\"")]
    public void Load_WithOneThingWrong_NamesIt(string path, string value, string expected)
    {
        JsonNode json = ByteLevelJson();
        JsonNode parent = path.StartsWith("model/", StringComparison.Ordinal) ? json["model"]! : json;
        parent[path[(path.IndexOf('/') + 1)..]] = JsonNode.Parse(value);
        AssertRefused(json.ToJsonString(), expected);
    }

    [Fact]
    public void Load_OfAMergeOfThree_SaysSo()
    {
        JsonNode json = ByteLevelJson();
        json["model"]!["vocab"]!["ab"] = 256;
        json["model"]!["merges"] = JsonNode.Parse("[[\"a\", \"b\", \"c\"]]");
        AssertRefused(json.ToJsonString(), "Merge 1 has more than two tokens");
    }

    [Fact]
    public void Load_OfAFileThatBeginsWithAByteOrderMark_PassesOverIt()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("tokenizer.json"), [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(ByteLevelJson().ToJsonString())]);
        Assert.Equal([104, 105], TokenizerFiles.Load(folder.Path).Encode("hi"));
    }

    [Fact]
    public void Load_OfMergesInEitherForm_GivesTheSameTokenizer()
    {
        JsonNode strings = ByteLevelJson();
        strings["model"]!["vocab"]!["ab"] = 256;
        strings["model"]!["merges"] = JsonNode.Parse("[\"a b\"]");
        JsonNode pairs = strings.DeepClone();
        pairs["model"]!["merges"] = JsonNode.Parse("[[\"a\", \"b\"]]");
        Tokenizer first = TokenizerJson.Parse(Encoding.UTF8.GetBytes(strings.ToJsonString()));
        Assert.Equal([256, first.Encode("a")[0]], first.Encode("aba"));
        Assert.Equal(first.Fingerprint, TokenizerJson.Parse(Encoding.UTF8.GetBytes(pairs.ToJsonString())).Fingerprint);
    }

    [Fact]
    public void Load_OfDigitsAndAnUnknownPattern_SplitsByBoth()
    {
        JsonNode json = ByteLevelJson();
        foreach (string joined in new[] { "12", "ab", "ba" })
        {
            json["model"]!["vocab"]![joined] = 256 + json["model"]!["merges"]!.AsArray().Count;
            json["model"]!["merges"]!.AsArray().Add($"{joined[0]} {joined[1]}");
        }
        json["pre_tokenizer"] = JsonNode.Parse("""
            {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true},
             {"type": "Split", "pattern": {"Regex": "b+"}, "behavior": "Isolated", "invert": false}, {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}
            """);
        Tokenizer tokenizer = TokenizerJson.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()));
        Assert.Equal("abba12".Length, tokenizer.Encode("abba12").Length);
        using var folder = new TemporaryFolder();
        tokenizer.Save(folder.Path);
        Assert.Equal(tokenizer.Fingerprint, TokenizerFiles.Load(folder.Path).Fingerprint);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("IQ== 0\nIg==\n", "Line 2")]
    [InlineData("IQ== 0\n!!! 1\n", "Line 2")]
    [InlineData("IQ== 0\nIg== one\n", "Line 2")]
    [InlineData("IQ== 0\nIQ== 1\n", "has two ids")]
    [InlineData("IQ== 0\nIg== 1\n", "2 ranks")]
    public void Load_OfBadRanks_NamesTheLine(string text, string expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("bad.tiktoken"), text);
        FormatException error = Assert.Throws<FormatException>(() => TokenizerFiles.Load(folder.File("bad.tiktoken")));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("bad.tiktoken", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfVocabularyAndMerges_KnowsItsSpecialTokens()
    {
        using var folder = new TemporaryFolder();
        JsonNode vocabulary = ByteLevelJson()["model"]!["vocab"]!;
        vocabulary["ab"] = 256;
        vocabulary["<|endoftext|>"] = 257;
        File.WriteAllText(folder.File("vocab.json"), vocabulary.ToJsonString());
        Assert.Throws<FileNotFoundException>(() => TokenizerFiles.Load(folder.Path));
        File.WriteAllText(folder.File("merges.txt"), "#version: 0.2\r\na b\r\n");
        foreach (string path in new[] { folder.Path, folder.File("merges.txt"), folder.File("vocab.json") })
        {
            Tokenizer tokenizer = TokenizerFiles.Load(path);
            Assert.Equal([256], tokenizer.Encode("ab"));
            Assert.Equal(257, tokenizer.EndOfTextId);
        }
        File.WriteAllText(folder.File("merges.txt"), "a b\na b\n");
        Assert.Contains("repeats merge 1", Assert.Throws<FormatException>(() => TokenizerFiles.Load(folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(folder.File("merges.txt"), "a b c\n");
        Assert.Contains("one space between", Assert.Throws<FormatException>(() => TokenizerFiles.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfNothing_SaysWhatWasExpected()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("no tokenizer in", Assert.Throws<FileNotFoundException>(() => TokenizerFiles.Load(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("no tokenizer at", Assert.Throws<FileNotFoundException>(() => TokenizerFiles.Load(folder.File("x"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CharacterTokenizer_OfTinyShakespeare_HasItsSixtyFiveCharacters()
    {
        byte[] text = File.ReadAllBytes(SharedData.Path("text/tinyshakespeare.txt"));
        CharacterTokenizer tokenizer = CharacterTokenizer.Train(text);
        Assert.Equal(65, tokenizer.CharacterCount);
        Assert.Equal(65, tokenizer.EndOfTextId);
        int[] ids = tokenizer.Encode("First Citizen:\n");
        Assert.Equal([18, 47, 56, 57, 58, 1, 15, 47, 58, 47, 64, 43, 52, 10, 0], ids);
        Assert.Equal(3, tokenizer.Encode("文").Length);
        Assert.Contains("no characters", Assert.Throws<ArgumentException>(() => CharacterTokenizer.Train([])).Message, StringComparison.Ordinal);
    }

    private static JsonNode ByteLevelJson()
    {
        using var folder = new TemporaryFolder();
        new ByteTokenizer(endOfText: false).Save(folder.Path);
        return JsonNode.Parse(File.ReadAllText(folder.File("tokenizer.json")))!;
    }

    private static void AssertRefused(string json, string expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("tokenizer.json"), json);
        FormatException error = Assert.Throws<FormatException>(() => TokenizerFiles.Load(folder.Path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(folder.File("tokenizer.json"), error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }
}
