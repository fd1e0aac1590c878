using System.Text.Json.Nodes;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tensors.Files;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;

namespace Foretell.Models.Tests;

public sealed class LoraAdapterTests : IDisposable
{
    private static readonly TransformerConfig s_config = new() { VocabularySize = 257, Channels = 64, Layers = 2, Heads = 4, KeyValueHeads = 2, HeadSize = 16, HiddenChannels = 96, ContextLength = 64 };
    private static readonly int[] s_ids = [72, 101, 108, 108, 111, 33, 10, 87];

    private readonly TemporaryFolder _folder = new();
    private readonly Device _device = CpuDevice.Create(null, 1, DType.Float32);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Initialize_NewAdapter_ChangesNoBit()
    {
        using Transformer model = NewModel();
        float[] before = Logits(model);
        Add(model, "a", new LoraOptions { Rank = 4 }, filled: false);
        Assert.Equal(before, Logits(model));
    }

    [Fact]
    public void Use_SeveralByName_EachSpeaksForItself()
    {
        using Transformer model = NewModel();
        float[] alone = Logits(model);
        Add(model, "a", new LoraOptions { Rank = 4 }, seed: 1);
        float[] first = Logits(model);
        Add(model, "b", new LoraOptions { Rank = 2, Targets = ["q_proj", "down_proj"] }, seed: 2);
        float[] second = Logits(model);
        Assert.NotEqual(alone, first);
        Assert.NotEqual(first, second);
        model.Adapters.Use("a");
        Assert.Equal(first, Logits(model));
        model.Adapters.Use(null);
        Assert.Equal(alone, Logits(model));
        Assert.Equal("The model has no adapter \"c\"; it has a, b.", Assert.Throws<ArgumentException>(() => model.Adapters.Use("c")).Message);
    }

    [Fact]
    public void Targets_NamedProjections_AreAdaptedAlone()
    {
        using Transformer model = NewModel();
        LoraAdapter adapter = Add(model, "a", new LoraOptions { Rank = 2, Targets = ["q_proj", "down_proj"] });
        Assert.Equal(["model.layers.0.self_attn.q_proj", "model.layers.0.mlp.down_proj", "model.layers.1.self_attn.q_proj", "model.layers.1.mlp.down_proj"], adapter.Adapted.Select(site => site.Name));
        Assert.Equal(2 * (2 * (64 + 64) + 2 * (96 + 64)), adapter.Parameters.Count);
        Assert.Equal(
            "The LoRA target \"lm_head\" is no projection of the model; there are q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj.",
            Assert.Throws<ArgumentException>(() => new LoraAdapter("x", new LoraOptions { Targets = ["lm_head"] }, model.Projections, _device, training: false)).Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void MergeInto_Model_SaysWithoutTheAdapterWhatItSaidWithIt(bool stabilized)
    {
        using Transformer model = NewModel();
        float[] alone = Logits(model);
        LoraAdapter adapter = Add(model, "a", new LoraOptions { Rank = 4, Alpha = 6, IsRankStabilized = stabilized });
        float[] adapted = Logits(model);
        using Transformer merged = NewModel();
        adapter.MergeInto(merged);
        float[] result = Logits(merged);
        double distance = Distance(alone, adapted);
        Assert.True(distance > 0.05, $"the adapter changes too little to test: {distance}");
        Assert.True(Distance(adapted, result) < 1e-4 * Math.Max(1, distance), $"{Distance(adapted, result)} of {distance}");
    }

    [Fact]
    public void Forward_SequenceAmongOthers_HasTheBitsThatItHasAlone()
    {
        using Transformer model = NewModel();
        Add(model, "a", new LoraOptions { Rank = 3 });
        int[] other = [1, 2, 3, 4, 5];
        using var tape = new Tape(_device, recording: false);
        Tensor both = model.Hidden(tape, new TokenBatch([.. other, .. s_ids], [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6, 7], [(0, 5), (5, 8)]));
        Tensor alone = model.Hidden(tape, TokenBatch.Single(s_ids));
        Assert.Equal(alone.ToArray(), both.ToArray()[(5 * 64)..]);
    }

    [Fact]
    public void Backward_FrozenModel_GivesTheAdapterAloneGradients()
    {
        using Transformer model = NewModel();
        LoraAdapter adapter = Add(model, "a", new LoraOptions { Rank = 2 }, training: true);
        using var tape = new Tape(_device);
        tape.Backward(model.Loss(tape, TokenBatch.Single(s_ids), [.. s_ids[1..], 0], [1, 1, 1, 1, 1, 1, 1, 0], 1f / 7).Loss);
        Assert.All(adapter.Parameters.All, parameter => Assert.True(_device.SquaredNorm(parameter.Gradient) > 0, parameter.Name));
        Assert.All(model.Parameters.All, parameter => Assert.Null(parameter.Value.Gradient));
    }

    [Fact]
    public void Save_PeftFolder_HasItsNamesAndComesBackToTheBit()
    {
        using Transformer model = NewModel();
        string basePath = _folder.File("base");
        ModelFolder.Save(model, new ByteTokenizer(), basePath);
        LoraAdapter adapter = Add(model, "a", new LoraOptions { Rank = 2, Alpha = 5, Targets = ["v_proj"] });
        string folder = _folder.File("adapter");
        PeftFolder.Save(adapter, s_config, basePath, folder);

        using (ISafeTensors file = SafeTensors.Open(Path.Combine(folder, "adapter_model.safetensors")))
        {
            Assert.Equal(
                ["base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight", "base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight", "base_model.model.model.layers.1.self_attn.v_proj.lora_A.weight", "base_model.model.model.layers.1.self_attn.v_proj.lora_B.weight"],
                file.Names.Order(StringComparer.Ordinal));
            Assert.Equal([2L, 64L], file.Info("base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight").Shape);
            Assert.Equal([32L, 2L], file.Info("base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight").Shape);
        }
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "adapter_config.json")))!;
        Assert.Equal(("LORA", "CAUSAL_LM", 2, 5, "none"), (config["peft_type"]!.GetValue<string>(), config["task_type"]!.GetValue<string>(), config["r"]!.GetValue<int>(), config["lora_alpha"]!.GetValue<int>(), config["bias"]!.GetValue<string>()));
        Assert.Equal("v_proj", Assert.Single(config["target_modules"]!.AsArray())!.GetValue<string>());

        using PretrainedModel loaded = PretrainedModel.Load(folder, _device);
        Assert.Equal("adapter", loaded.Transformer.Adapters.Active!.Name);
        Assert.Equal(Logits(model), Logits(loaded.Transformer));
        Assert.Equal(s_config.Channels, PretrainedModel.ReadConfig(folder).Channels);
        Assert.Contains("is an adapter; convert the merged model", Assert.Throws<InvalidDataException>(() => ModelConversion.Convert(folder, _folder.File("x.gguf"), new ConversionOptions(), _device)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("peft_type", "\"IA3\"", "peft_type \"IA3\" is not supported (LORA is)")]
    [InlineData("use_dora", "true", "\"use_dora\" is true, which is not supported; merge the adapter with PEFT and load the merged model")]
    [InlineData("bias", "\"all\"", "\"bias\" is \"all\", which is not supported")]
    [InlineData("r", "0", "\"r\" is not a positive integer")]
    [InlineData("r", "3", "is [2, 64]; the model and the rank want [3, 64].")]
    [InlineData("base_model_name_or_path", "\"someone/else\"", "its model \"someone/else\" is not on this machine; fetch it and write its folder as \"base_model_name_or_path\"")]
    public void Load_UnfitConfiguration_SaysWhat(string key, string value, string sentence)
    {
        using Transformer model = NewModel();
        ModelFolder.Save(model, new ByteTokenizer(), _folder.File("base"));
        string folder = _folder.File("adapter");
        PeftFolder.Save(Add(model, "a", new LoraOptions { Rank = 2 }), s_config, _folder.File("base"), folder);
        string path = Path.Combine(folder, "adapter_config.json");
        JsonNode config = JsonNode.Parse(File.ReadAllText(path))!;
        config[key] = JsonNode.Parse(value);
        File.WriteAllText(path, config.ToJsonString());
        Assert.Contains(sentence, Assert.Throws<InvalidDataException>(() => PretrainedModel.Load(folder, _device)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_AdapterOfAnotherModel_NamesTheTensor()
    {
        using Transformer model = NewModel();
        PeftFolder.Save(Add(model, "a", new LoraOptions { Rank = 2 }), s_config, _folder.Path, _folder.File("adapter"));
        using var shallow = new Transformer(s_config with { Layers = 1 }, _device, training: false);
        Assert.Contains("the model has no projection for the tensor \"base_model.model.model.layers.1.", Assert.Throws<InvalidDataException>(() => PeftFolder.Load(_folder.File("adapter"), "a", shallow.Projections, _device)).Message, StringComparison.Ordinal);
    }

    private Transformer NewModel()
    {
        var model = new Transformer(s_config, _device, training: false);
        model.Initialize(5);
        foreach (Parameter parameter in model.Parameters.All.Where(parameter => parameter.Kind == ParameterKind.Matrix))
        {
            Initialization.Normal(parameter, 0.1, 5);
        }
        return model;
    }

    private LoraAdapter Add(Transformer model, string name, LoraOptions options, ulong seed = 1, bool filled = true, bool training = false)
    {
        var adapter = new LoraAdapter(name, options, model.Projections, _device, training);
        adapter.Initialize(seed);
        foreach (Parameter parameter in adapter.Parameters.All.Where(parameter => filled && parameter.Name.EndsWith("lora_B.weight", StringComparison.Ordinal)))
        {
            Initialization.Normal(parameter, 0.1, seed);
        }
        model.Adapters.Add(adapter);
        model.Adapters.Use(name);
        return adapter;
    }

    private float[] Logits(Transformer model)
    {
        using var tape = new Tape(_device, recording: false);
        return model.Logits(tape, model.Hidden(tape, TokenBatch.Single(s_ids))).ToArray();
    }

    private static double Distance(float[] a, float[] b) => a.Zip(b).Max(pair => Math.Abs((double)pair.First - pair.Second));
}
