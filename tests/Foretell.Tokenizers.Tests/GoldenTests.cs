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
        int[] expected = [.. JsonNode.Parse(File.ReadAllText(SharedData.Path($"tokenizers/golden/{idsName}")))!.AsArray().Select(id => (int)id!)];
        var ids = new List<int>();
        tokenizer.Encode(text, ids);
        Assert.Equal(expected, ids);
        Assert.Equal(text, tokenizer.DecodeBytes(expected));
    }
}
