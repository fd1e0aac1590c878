using System.Text.Json;
using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Inference.Tests.Hosting;

public class ServedModelTests
{
    /// <summary>The published model from two forms, side by side, sixteen prompts each at once: its published greedy texts.</summary>
    [Fact]
    public async Task AcquireAsync_OfPublishedModels_ServesTheirPublishedTexts()
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(SharedData.Path("models/stories260K/golden.json")));
        JsonElement[] cases = [.. golden.RootElement.GetProperty("cases").EnumerateArray()];
        string folder = SharedData.Path("models/stories260K/hf");
        string file = Directory.EnumerateFiles(SharedData.Path("models/stories260K/gguf"), "*f32*", new EnumerationOptions { MatchCasing = MatchCasing.CaseInsensitive }).First();
        var options = new EngineOptions { CacheTokens = 4096, Speculation = new SpeculationOptions() };
        static Device Device() => CpuDevice.Create(threads: 2, precision: DType.Float32);
        ModelSource<ServedModel>[] sources = [ServedModel.Source("folder", folder, Device, options), ServedModel.Source("file", file, Device, options)];
        Assert.All(sources, source => Assert.True(source.Bytes > 1 << 20));
        await using var host = new ModelHost<ServedModel>(sources, sources.Sum(source => source.Bytes));
        foreach (string name in host.Names)
        {
            using ModelLease<ServedModel> lease = await host.AcquireAsync(name);
            Engine engine = lease.Model.Engine;
            await Task.WhenAll(Enumerable.Range(0, 16).Select(async i =>
            {
                JsonElement each = cases[i % cases.Length];
                int[] prompt = Ids(each, "prompt_ids");
                int[] whole = Ids(each, "greedy_ids_total");
                GenerationResult result = await engine.GenerateAsync(new GenerationRequest { Prompt = prompt, Sampling = new SamplingOptions { Temperature = 0, MaximumTokens = whole.Length - prompt.Length } });
                Assert.Equal(whole[prompt.Length..], result.Answers[0].Tokens.Select(token => token.Id));
            }));
        }
        Assert.Equal(["file", "folder"], host.Loaded.Order());

        static int[] Ids(JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
    }

    /// <summary>A model of 260 thousand weights needs no gigabyte of cache; what is said before loading is what the engine then takes.</summary>
    [Theory]
    [InlineData("models/stories260K/hf", "*.safetensors", 0, 64)]
    [InlineData("models/stories260K/hf", "*.safetensors", 100, 64)]
    [InlineData("models/stories260K/gguf", "*f32*", 0, 2)]
    public void Source_OfASmallModel_CountsTheCacheThatItsEngineTakes(string folder, string weights, int cacheTokens, int sequences)
    {
        string path = SharedData.Path(folder);
        string file = Directory.EnumerateFiles(path, weights, new EnumerationOptions { MatchCasing = MatchCasing.CaseInsensitive }).First();
        path = weights.EndsWith("safetensors", StringComparison.Ordinal) ? path : file;
        using Device device = CpuDevice.Create(threads: 1, precision: DType.Float32);
        using var model = PretrainedModel.Load(path, device);
        int blocks = cacheTokens > 0 ? KeyValuePool.BlocksFor(cacheTokens) : sequences * KeyValuePool.BlocksFor(model.Transformer.Config.ContextLength);
        using KeyValuePool pool = model.Transformer.NewPool(blocks);
        ModelSource<ServedModel> source = ServedModel.Source("small", path, () => CpuDevice.Create(threads: 1, precision: DType.Float32), new EngineOptions { CacheTokens = cacheTokens, MaximumSequences = sequences });
        Assert.Equal(new FileInfo(file).Length + pool.Bytes, source.Bytes);
    }

    [Fact]
    public async Task AcquireAsync_OfWhatIsNoModel_SaysSoAndCanBeTriedAgain()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "broken.gguf");
        await File.WriteAllTextAsync(path, "not a model");
        await using var host = new ModelHost<ServedModel>([ServedModel.Source("broken", path, () => CpuDevice.Create(threads: 1))], 4L << 30);
        for (int attempt = 0; attempt < 2; attempt++)
        {
            Assert.Contains("broken.gguf", (await Assert.ThrowsAsync<InvalidDataException>(() => host.AcquireAsync("broken"))).Message, StringComparison.Ordinal);
        }
    }
}
