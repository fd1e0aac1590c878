using System.Text.Json.Nodes;

namespace Foretell.Models.Tests;

public sealed class ConfigJsonTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("gpt2", """{"scale_attn_by_inverse_layer_idx": true}""", "scale_attn_by_inverse_layer_idx")]
    [InlineData("gpt2", """{"scale_attn_weights": false}""", "scale_attn_weights")]
    [InlineData("llama", """{"partial_rotary_factor": 0.5}""", "partial_rotary_factor 0.5")]
    [InlineData("qwen3", """{"rope_parameters": {"rope_theta": 10000, "partial_rotary_factor": 0.25}}""", "partial_rotary_factor 0.25")]
    public void Read_OfArithmeticThatTheTransformerLacks_NamesTheKey(string family, string keys, string because)
    {
        string message = Assert.Throws<InvalidDataException>(() => ConfigJson.Read(Changed(family, keys))).Message;
        Assert.Contains(because, message);
    }

    [Theory]
    [InlineData("gpt2", """{"scale_attn_by_inverse_layer_idx": false, "scale_attn_weights": true}""")]
    [InlineData("llama", """{"partial_rotary_factor": 1.0}""")]
    [InlineData("qwen3", """{"partial_rotary_factor": null, "rope_parameters": {"rope_theta": 10000, "partial_rotary_factor": 1}}""")]
    public void Read_OfTheUsualArithmeticSpelledOut_ReadsTheSame(string family, string keys) =>
        Assert.Equal(LittleModels.Config(family), ConfigJson.Read(Changed(family, keys)));

    /// <summary>A family's config.json with keys added.</summary>
    private string Changed(string family, string keys)
    {
        JsonObject json = JsonNode.Parse(ConfigJson.Write(LittleModels.Config(family), null, []))!.AsObject();
        foreach ((string key, JsonNode? value) in JsonNode.Parse(keys)!.AsObject())
        {
            json[key] = value?.DeepClone();
        }
        string path = _folder.File(ConfigJson.FileName);
        File.WriteAllText(path, json.ToJsonString());
        return path;
    }
}
