using System.Text;
using System.Text.Json.Nodes;

namespace Foretell.Tokenizers.Tests;

public class SentencePieceEncodingTests
{
    [Fact]
    public void Encode_WithStories260K_GivesTheIdsOfFourTokenizers()
    {
        Tokenizer tokenizer = TokenizerFiles.Load(SharedData.Path("models/stories260K/hf"));
        Assert.Equal(512, tokenizer.VocabularySize);
        Assert.Equal(2, tokenizer.EndOfTextId);
        int begin = Assert.NotNull(tokenizer.BeginOfTextId);
        JsonArray cases = JsonNode.Parse(File.ReadAllText(SharedData.Path("models/stories260K/tokenizer_cases.json")))!["tok512"]!.AsArray();
        Assert.Equal(200, cases.Count);
        Assert.All(cases, item =>
        {
            string text = (string)item!["text"]!;
            var ids = new List<int> { begin };
            tokenizer.Encode(Encoding.UTF8.GetBytes(text), ids, allowSpecial: true);
            Assert.Equal(item["hf_rust_ids"]!.Integers(), ids);
            if (!text.Contains('▁', StringComparison.Ordinal))
            {
                // That tokenizer knows no special tokens in text, but spells ▁ in bytes.
                Assert.Equal(item["llama2c_ids"]!.Integers(), tokenizer.Encode(text).Prepend(begin));
            }
            Assert.Equal((string)item["hf_rust_decoded"]!, tokenizer.Decode(ids.ToArray()));
        });
    }

    [Fact]
    public void DecodeBytes_OfAnyBytes_GivesThemBack()
    {
        Tokenizer tokenizer = TokenizerFiles.Load(SharedData.Path("models/stories260K/hf/tokenizer.json"));
        var random = new RandomText(14);
        for (int round = 0; round < 500; round++)
        {
            byte[] bytes = random.Bytes(20);
            var ids = new List<int>();
            tokenizer.Encode(bytes, ids);
            Assert.Equal(bytes, tokenizer.DecodeBytes(ids.ToArray()));
        }
        using var folder = new TemporaryFolder();
        tokenizer.Save(folder.Path);
        Assert.Equal(tokenizer.Fingerprint, TokenizerFiles.Load(folder.Path).Fingerprint);
    }
}
