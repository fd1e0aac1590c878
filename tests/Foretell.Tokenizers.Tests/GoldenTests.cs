using System.Text.Json.Nodes;

namespace Foretell.Tokenizers.Tests;

public class GoldenTests
{
    [Theory]
    [InlineData("tokenizers/gpt2", "tokens_gpt2_lib.rs.json")]
    [InlineData("tokenizers/gpt2/vocab.json", "tokens_gpt2_lib.rs.json")]
    [InlineData("tokenizers/cl100k_base.tiktoken", "tokens_cl100k_lib.rs.json")]
    [InlineData("tokenizers/o200k_base.tiktoken", "tokens_gpt_4o_lib.rs.json")]
    public void Encode_OfThePublishedText_GivesThePublishedIds(string tokenizerPath, string idsName)
    {
        Tokenizer tokenizer = TokenizerFiles.Load(SharedData.Path(tokenizerPath));
        byte[] text = File.ReadAllBytes(SharedData.Path("tokenizers/golden/lib.rs.txt"));
        int[] expected = JsonNode.Parse(File.ReadAllText(SharedData.Path($"tokenizers/golden/{idsName}")))!.Integers();
        var ids = new List<int>();
        tokenizer.Encode(text, ids);
        Assert.Equal(expected, ids);
        Assert.Equal(text, tokenizer.DecodeBytes(expected));
    }

    [Theory]
    [InlineData("gpt2", "tokenizers/gpt2")]
    [InlineData("cl100k", "tokenizers/cl100k_base.tiktoken")]
    [InlineData("o200k", "tokenizers/o200k_base.tiktoken")]
    [InlineData("llama3.1", "tokenizers/llama3.1")]
    [InlineData("qwen3", "tokenizers/qwen3")]
    public void Encode_OfRandomUnicode_GivesTheIdsOfTheTokenizersMakers(string name, string path)
    {
        Tokenizer tokenizer = TokenizerFiles.Load(SharedData.Path(path));
        JsonNode golden = GoldenFiles.Read("peer-ids.json");
        JsonArray texts = golden["texts"]!.AsArray();
        for (int index = 0; index < texts.Count; index++)
        {
            Assert.Equal(golden[name]![index]!.Integers(), tokenizer.Encode((string)texts[index]!));
        }
        using var folder = new TemporaryFolder();
        tokenizer.Save(folder.Path);
        Tokenizer again = TokenizerFiles.Load(folder.Path);
        Assert.Equal(tokenizer.Fingerprint, again.Fingerprint);
        Assert.Equal(tokenizer.VocabularySize, again.VocabularySize);
        Assert.Equal(tokenizer.EndOfTextId, again.EndOfTextId);
        Assert.Equal(tokenizer.BeginOfTextId, again.BeginOfTextId);
        Assert.All(texts, text => Assert.Equal(tokenizer.Encode((string)text!), again.Encode((string)text!)));
    }

    [Theory]
    [InlineData("tokenizers/gpt2", 50257, 50256, null)]
    [InlineData("tokenizers/cl100k_base.tiktoken", 100277, 100257, null)]
    [InlineData("tokenizers/o200k_base.tiktoken", 200019, 199999, null)]
    [InlineData("tokenizers/llama3.1", 128256, 128001, 128000)]
    [InlineData("tokenizers/qwen3", 151669, 151643, null)]
    public void Load_OfPublishedTokenizers_KnowsTheirSizesAndSpecialTokens(string path, int size, int endOfText, int? beginOfText)
    {
        Tokenizer tokenizer = TokenizerFiles.Load(SharedData.Path(path));
        Assert.Equal(size, tokenizer.VocabularySize);
        Assert.Equal(endOfText, tokenizer.EndOfTextId);
        Assert.Equal(beginOfText, tokenizer.BeginOfTextId);
        Assert.True(tokenizer.IsSpecial(endOfText));
        Assert.False(tokenizer.IsSpecial(0));
        string name = tokenizer.Decode([endOfText], withSpecial: true);
        Assert.Equal(endOfText, tokenizer.SpecialId(name));
        Assert.Equal("", tokenizer.Decode([endOfText]));

        var ids = new List<int>();
        tokenizer.Encode(System.Text.Encoding.UTF8.GetBytes($"a{name}b"), ids, allowSpecial: true);
        Assert.Equal([.. tokenizer.Encode("a"), endOfText, .. tokenizer.Encode("b")], ids);
        Assert.DoesNotContain(endOfText, tokenizer.Encode($"a{name}b"));
        Assert.Equal($"a{name}b", tokenizer.Decode(tokenizer.Encode($"a{name}b")));
    }

    [Fact]
    public void Encode_WithQwen3_ComposesAccentsAndKnowsItsPlainAddedTokens()
    {
        var qwen = (BytePairEncoding)TokenizerFiles.Load(SharedData.Path("tokenizers/qwen3"));
        Assert.False(qwen.IsLossless);
        Assert.Equal(qwen.Encode("\u00E9"), qwen.Encode("e\u0301"));
        BytePairEncoding lossless = qwen.WithNormalization(TextNormalization.None);
        Assert.True(lossless.IsLossless);
        Assert.Equal("e\u0301", lossless.Decode(lossless.Encode("e\u0301")));
        Assert.NotEqual(qwen.Fingerprint, lossless.Fingerprint);
        Assert.Equal([151667], qwen.Encode("<think>"));
        Assert.False(qwen.IsSpecial(151667));
    }

    [Fact]
    public void TokenBytes_OfAnIdBetweenThePublishedOnes_SaysThatThereIsNone()
    {
        Tokenizer tokenizer = TokenizerFiles.Load(SharedData.Path("tokenizers/cl100k_base.tiktoken"));
        Assert.Contains("no token 100270", Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.TokenBytes(100270).Length).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.TokenBytes(-1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.TokenBytes(tokenizer.VocabularySize).Length);
    }
}
