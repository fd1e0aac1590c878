using Foretell.Tensors;
using Foretell.Tensors.Files;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Models.Tests;

/// <summary>Models come from anywhere: whatever is wrong with one is said in a sentence, and nothing else happens.</summary>
public sealed class HostileModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Device _device = new(new ReferenceBackend());

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("general.architecture", "bert", "its architecture \"bert\" is not one of")]
    [InlineData("llama.block_count", 3u, "no tensor \"blk.2.attn_norm.weight\"")]
    [InlineData("llama.block_count", 0u, "\"llama.block_count\" must be a whole number from 1")]
    [InlineData("llama.block_count", uint.MaxValue, "\"llama.block_count\" must be a whole number from 1")]
    [InlineData("llama.block_count", 2_000_000_000u, "layers (2000000000) at most")]
    [InlineData("llama.block_count", null, "\"llama.block_count\" is missing")]
    [InlineData("llama.embedding_length", 128u, "\"token_embd.weight\" is [300, 8], and the configuration wants [300, 128]")]
    [InlineData("llama.attention.head_count_kv", 4u, "2 heads cannot share 4")]
    [InlineData("llama.attention.key_length", 6u, "values of another length")]
    [InlineData("llama.rope.dimension_count", 2u, "rotary positions on a part of each head")]
    [InlineData("llama.rope.freq_base", float.NaN, "must be a finite number")]
    [InlineData("llama.rope.freq_base", -1f, "the rotary base (-1) above 0")]
    [InlineData("llama.rope.scaling.factor", 2f, "rotary scaling of the type \"linear\"")]
    [InlineData("llama.expert_count", 8u, "a mixture of experts")]
    [InlineData("llama.attention.layer_norm_rms_epsilon", "small", "must be a finite number")]
    [InlineData("tokenizer.ggml.model", null, "there is no tokenizer")]
    [InlineData("tokenizer.ggml.model", "rwkv", "kind \"rwkv\"")]
    [InlineData("tokenizer.ggml.pre", "klingon", "split pattern \"klingon\"")]
    [InlineData("tokenizer.ggml.tokens", 3u, "must be a list of String")]
    [InlineData("tokenizer.ggml.bos_token_id", 4000u, "bos token has the id 4000")]
    [InlineData("tokenizer.ggml.merges", null, "has no merges")]
    public void Load_OfGgufWithAWrongKey_NamesIt(string key, object? value, string because)
    {
        string path = Gguf(metadata => metadata[key] = value);
        AssertRefused(path, because);
    }

    [Theory]
    [InlineData(-1, null)]
    [InlineData(40, 40)]
    public void Load_OfGgufWithTopK_TakesNegativeAsNone(int written, int? read)
    {
        using PretrainedModel model = PretrainedModel.Load(Gguf(metadata => metadata["general.sampling.top_k"] = written), _device);
        Assert.Equal(read, model.Generation.TopK);
    }

    [Fact]
    public void Load_OfGgufWithNaN_NamesTheTensor()
    {
        string path = Gguf(_ => { });
        long at;
        using (var file = GgufFile.Open(path))
        {
            at = file.Info("blk.1.ffn_up.weight").Offset;
        }
        byte[] bytes = File.ReadAllBytes(path);
        BitConverter.GetBytes(float.NaN).CopyTo(bytes, at + 8);
        File.WriteAllBytes(path, bytes);
        AssertRefused(path, "the tensor \"blk.1.ffn_up.weight\" holds a NaN or infinite number");
    }

    [Fact]
    public void Load_OfGgufWithATensorTooMany_NamesIt()
    {
        string path = Gguf(_ => { }, new GgufTensorSource("blk.0.attn_output.bias", DType.Float32, [8], stream => stream.Write(new byte[32])));
        AssertRefused(path, "no place for the tensor \"blk.0.attn_output.bias\"");
    }

    [Fact]
    public void Load_OfThreeThousandMutatedGgufFiles_LoadsOrRefuses()
    {
        byte[] whole = File.ReadAllBytes(Gguf(_ => { }));
        Fuzz(_folder.File("model.gguf"), _folder.File("model.gguf"), whole, sensitive: 9000, rounds: 3000, leastRefused: 1000);
    }

    [Theory]
    [InlineData(ConfigJson.FileName, 700, 500)]
    [InlineData("tokenizer.json", 1000, 300)]
    [InlineData("tokenizer_config.json", 400, 50)]
    [InlineData(SafeTensors.FileName, 700, 300)]
    public void Load_OfMutatedFolders_LoadsOrRefuses(string name, int rounds, int leastRefused)
    {
        string folder = _folder.File("folder");
        Save(folder);
        string path = Path.Combine(folder, name);
        byte[] whole = File.ReadAllBytes(path);
        Fuzz(path, folder, whole, sensitive: name == SafeTensors.FileName ? 2600 : whole.Length, rounds, leastRefused);
    }

    [Theory]
    [InlineData(ConfigJson.FileName)]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("generation_config.json")]
    public void Load_OfBottomlessJson_IsRefused(string name)
    {
        string folder = _folder.File("folder");
        Save(folder);
        string deep = "{\"added_tokens\":" + string.Concat(Enumerable.Repeat("[", 200_000));
        File.WriteAllText(Path.Combine(folder, name), deep);
        AssertRefused(folder, "JSON");
        File.WriteAllText(Path.Combine(folder, name), string.Concat(Enumerable.Repeat("{\"model\":", 100_000)) + "1" + new string('}', 100_000));
        AssertRefused(folder, "JSON");
    }

    [Fact]
    public void Load_OfConfigsThatAskForTheImpossible_IsRefusedBeforeAnythingIsAllocated()
    {
        string folder = _folder.File("folder");
        Save(folder);
        string path = Path.Combine(folder, ConfigJson.FileName);
        string config = File.ReadAllText(path);
        foreach ((string from, string to) in new[]
        {
            ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 2147483647"),
            ("\"hidden_size\": 8", "\"hidden_size\": 2147483647"),
            ("\"vocab_size\": 300", "\"vocab_size\": 2000000000"),
            ("\"num_attention_heads\": 2", "\"num_attention_heads\": 1000000000"),
            ("\"head_dim\": 4", "\"head_dim\": -4"),
            ("\"intermediate_size\": 16", "\"intermediate_size\": 1e400"),
        })
        {
            Assert.Contains(from, config);
            File.WriteAllText(path, config.Replace(from, to, StringComparison.Ordinal));
            long before = GC.GetTotalAllocatedBytes();
            Assert.ThrowsAny<InvalidDataException>(() => PretrainedModel.Load(folder, _device).Dispose());
            Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 32 << 20);
        }
        // A long context alone costs nothing until it is used.
        File.WriteAllText(path, config.Replace("\"max_position_embeddings\": 32", "\"max_position_embeddings\": 2147483647", StringComparison.Ordinal));
        PretrainedModel.Load(folder, _device).Dispose();
    }

    private void Fuzz(string path, string model, byte[] whole, int sensitive, int rounds, int leastRefused)
    {
        var mutator = new FileMutator(whole, Math.Min(sensitive, whole.Length), seed: 5);
        int refused = 0;
        for (int round = 0; round < rounds; round++)
        {
            File.WriteAllBytes(path, mutator.Next());
            try
            {
                using PretrainedModel loaded = PretrainedModel.Load(model, _device);
                Assert.Equal(2, loaded.Transformer.Config.Layers);
            }
            catch (InvalidDataException error)
            {
                Assert.DoesNotContain('\n', error.Message);
                refused++;
            }
        }
        Assert.InRange(refused, leastRefused, rounds - 1);
    }

    private void AssertRefused(string path, string because)
    {
        string message = Assert.Throws<InvalidDataException>(() => PretrainedModel.Load(path, _device).Dispose()).Message;
        Assert.Contains(because, message);
        Assert.StartsWith(path, message);
        Assert.EndsWith(".", message);
        Assert.DoesNotContain('\n', message);
    }

    private void Save(string folder)
    {
        using var model = new Transformer(Config(300), _device, training: false);
        model.Initialize(3);
        ModelFolder.Save(model, LittleModels.Tokenizer(), folder);
        File.WriteAllText(Path.Combine(folder, "generation_config.json"), "{\"eos_token_id\": [256]}");
    }

    private static TransformerConfig Config(int vocabulary) => new TransformerConfig { VocabularySize = vocabulary, Channels = 8, Layers = 2, Heads = 2, KeyValueHeads = 1, HeadSize = 4, HiddenChannels = 16, ContextLength = 32 }.Llama();

    /// <summary>A small model, its metadata changed; a null takes a key away.</summary>
    private string Gguf(Action<Dictionary<string, object?>> change, params GgufTensorSource[] more)
    {
        using var model = new Transformer(Config(300), _device, training: false);
        model.Initialize(3);
        string folder = _folder.File("source"), whole = _folder.File("whole.gguf"), path = _folder.File("model.gguf");
        ModelFolder.Save(model, LittleModels.Tokenizer(), folder);
        ModelConversion.Convert(folder, whole, new ConversionOptions { Overwrites = true }, _device);
        using var file = GgufFile.Open(whole);
        Dictionary<string, object?> keys = file.Metadata.Keys.ToDictionary(key => key, key => (object?)file.Metadata[key]);
        change(keys);
        var metadata = new GgufMetadata();
        foreach ((string key, object? value) in keys.Where(pair => pair.Value is not null))
        {
            metadata.Add(key, value!);
        }
        GgufWriter.Write(path, metadata, [.. file.Tensors.Select(tensor => new GgufTensorSource(tensor.Name, tensor.Type.Type!.Value, tensor.Shape, stream => stream.Write(file.Bytes(tensor.Name, 0, (int)tensor.ByteCount)))), .. more]);
        return path;
    }
}
