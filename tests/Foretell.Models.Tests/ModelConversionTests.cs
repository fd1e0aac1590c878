using System.Text.Json.Nodes;
using Foretell.Tensors;
using Foretell.Tensors.Files;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Models.Tests;

public sealed class ModelConversionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Device _device = CpuDevice.Create(threads: 2, precision: DType.Float32);

    public static TheoryData<string> Families => [.. LittleModels.Families];

    public static TheoryData<string, DType> FamiliesAndTypes
    {
        get
        {
            var data = new TheoryData<string, DType>();
            foreach (string family in LittleModels.Families)
            {
                foreach (DType type in new[] { DType.Float16, DType.BFloat16, DType.Q8_0, DType.Q6_K, DType.Q4_K, DType.Q4_0 })
                {
                    data.Add(family, type);
                }
            }
            return data;
        }
    }

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Convert_ToGgufAndBack_KeepsEveryBit(string family)
    {
        string original = _folder.File("original"), gguf = _folder.File("model.gguf"), back = _folder.File("back");
        LittleModels.Save(original, family, _device);
        ConversionReport there = ModelConversion.Convert(original, gguf, new ConversionOptions(), _device);
        ConversionReport here = ModelConversion.Convert(gguf, back, new ConversionOptions(), _device);
        Assert.Equal(0, there.WeightError);
        Assert.Equal(0, here.WeightError);
        // Llama's rows stand in another order in GGUF files, so that products of queries and keys add up in another.
        Assert.Equal(!family.StartsWith("llama", StringComparison.Ordinal), there.Check.AreEqual);
        Assert.InRange(there.Check.RelativeError, 0, 1e-5);
        Assert.Equal(File.ReadAllBytes(Path.Combine(original, SafeTensors.FileName)), File.ReadAllBytes(Path.Combine(back, SafeTensors.FileName)));
        Assert.Equal(ConfigJson.Read(Path.Combine(original, ConfigJson.FileName)), ConfigJson.Read(Path.Combine(back, ConfigJson.FileName)));
        using PretrainedModel first = PretrainedModel.Load(original, _device), middle = PretrainedModel.Load(gguf, _device), last = PretrainedModel.Load(back, _device);
        Assert.Equal(first.Tokenizer.Fingerprint, middle.Tokenizer.Fingerprint);
        Assert.Equal(first.Tokenizer.Fingerprint, last.Tokenizer.Fingerprint);
        Assert.Equal(first.Generation.EndIds, last.Generation.EndIds);
        Assert.Equal(["back", "model.gguf", "original"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Theory]
    [MemberData(nameof(FamiliesAndTypes))]
    public void Convert_ToEveryType_StaysWithinItsRounding(string family, DType type)
    {
        string original = _folder.File("original"), gguf = _folder.File("model.gguf");
        LittleModels.Save(original, family, _device);
        ConversionReport report = ModelConversion.Convert(original, gguf, new ConversionOptions { Type = type }, _device);
        (double least, double most) = type switch
        {
            DType.Float16 => (5e-5, 5e-4),
            DType.BFloat16 => (5e-4, 4e-3),
            DType.Q8_0 => (1e-3, 0.01),
            DType.Q6_K => (5e-3, 0.03),
            _ => (0.02, 0.12),
        };
        Assert.InRange(report.WeightError, least, most);
        Assert.False(report.Check.AreEqual);
        using var file = GgufFile.Open(gguf);
        TransformerConfig config = LittleModels.Config(family);
        Assert.Equal(type is DType.Q4_0 or DType.Q4_K ? DType.Q6_K : type, file.TypeOf(config.TiedHead ? "token_embd.weight" : "output.weight"));
        Assert.Equal(type, file.TypeOf("blk.1.ffn_down.weight"));
        Assert.Equal(DType.Float32, file.TypeOf("blk.0.attn_norm.weight"));
        if (family == "gpt2")
        {
            Assert.Equal(DType.Float32, file.TypeOf("position_embd.weight"));
            Assert.Equal([768L, 256L], file.ShapeOf("blk.0.attn_qkv.weight"));
        }
        if (!type.IsQuantized())
        {
            string back = _folder.File("back"), folder = _folder.File("folder");
            ModelConversion.Convert(gguf, back, new ConversionOptions(), _device);
            ModelConversion.Convert(original, folder, new ConversionOptions { Type = type }, _device);
            using ISafeTensors one = SafeTensors.Open(back), other = SafeTensors.Open(folder);
            foreach (SafeTensorInfo tensor in one.Tensors.Where(tensor => tensor.Shape.Count > 1 && !tensor.Name.Contains("wpe", StringComparison.Ordinal)))
            {
                Assert.Equal(other.Bytes(tensor.Name), one.Bytes(tensor.Name));
            }
        }
    }

    [Fact]
    public void Convert_OfBlocksToAFolder_WritesTheNumbersTheyStandFor()
    {
        string folder = _folder.File("unpacked");
        ConversionReport report = ModelConversion.Convert(Stories.Path("Q8_0"), folder, new ConversionOptions(), _device);
        Assert.Equal(0, report.WeightError);
        using ISafeTensors file = SafeTensors.Open(folder);
        using PretrainedModel packed = PretrainedModel.Load(Stories.Path("Q8_0"), _device);
        Tensor value = packed.Transformer.Parameters.Find("model.layers.0.mlp.up_proj.weight")!.Value;
        Assert.Equal(DType.Q8_0, value.Type);
        Assert.Equal(value.ToArray(), System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(file.Bytes("model.layers.0.mlp.up_proj.weight")).ToArray());
    }

    [Theory]
    [InlineData("hf")]
    [InlineData("F32")]
    public void Convert_OfStories260K_GivesItsFilesAgain(string form)
    {
        string folder = _folder.File("hf"), gguf = _folder.File("stories.gguf");
        ModelConversion.Convert(Stories.Path(form), folder, new ConversionOptions(), _device);
        ModelConversion.Convert(folder, gguf, new ConversionOptions(), _device);
        Assert.Equal(File.ReadAllBytes(Path.Combine(Stories.Path("hf"), SafeTensors.FileName)), File.ReadAllBytes(Path.Combine(folder, SafeTensors.FileName)));
        using GgufFile published = GgufFile.Open(Stories.Path("F32")), ours = GgufFile.Open(gguf);
        Assert.Equal(published.Names.Order(), ours.Names.Order());
        Assert.All(published.Tensors, tensor => Assert.Equal(published.Bytes(tensor.Name, 0, (int)tensor.ByteCount), ours.Bytes(tensor.Name, 0, (int)tensor.ByteCount)));
        foreach (string key in published.Metadata.Keys.Where(key => key is not ("general.name" or "general.alignment" or "tokenizer.ggml.scores" or "tokenizer.ggml.add_eos_token")))
        {
            Assert.Equal(published.Metadata[key], ours.Metadata[key]);
        }
        using PretrainedModel model = PretrainedModel.Load(gguf, _device);
        int[] ids = Stories.Continue(model.Transformer, model.Prompt(""), 80);
        Assert.Equal(Stories.GoldenIds[..80], ids);
        Assert.Equal(File.ReadAllText(Path.Combine(Stories.Path("hf"), "tokenizer_config.json")).Contains("raise_exception", StringComparison.Ordinal), model.ChatTemplate!.Contains("raise_exception", StringComparison.Ordinal));
    }

    [Fact]
    public void Convert_OfAModelThatSaysSomethingElseAfterwards_LeavesNothing()
    {
        var broken = LogitComparison.Of([1, 2, 3, 4], [1, 2, float.NaN, 4], 2, allowed: 0.5);
        Assert.False(broken.IsWithinTolerance);
        var turned = LogitComparison.Of([1, 2, 4, 3], [2, 1, 3, 4], 2, allowed: 0.8);
        Assert.False(turned.IsWithinTolerance);
        Assert.Equal(0, turned.SameChoice);
        Assert.True(LogitComparison.Of([1, 2, 4, 3], [3, 4, 4, 3], 2, allowed: 1e-6).IsWithinTolerance);
    }

    [Fact]
    public void Convert_WithWrongOutput_SaysWhyAndWritesNothing()
    {
        string original = _folder.File("original");
        LittleModels.Save(original, "qwen3", _device);
        File.WriteAllText(_folder.File("there.gguf"), "x");
        Directory.CreateDirectory(_folder.File("folder.gguf"));
        string Refused<T>(string output, ConversionOptions? options = null)
            where T : Exception => Assert.Throws<T>(() => ModelConversion.Convert(original, output, options ?? new ConversionOptions(), _device)).Message;
        Assert.Contains("--force", Refused<IOException>(_folder.File("there.gguf")));
        Assert.Contains("is a folder", Refused<IOException>(_folder.File("folder.gguf"), new ConversionOptions { Overwrites = true }));
        Assert.Contains("read from", Refused<IOException>(original, new ConversionOptions { Overwrites = true }));
        Assert.Contains("no folder", Refused<DirectoryNotFoundException>(_folder.File("none/model.gguf")));
        Assert.Contains("Safetensors hold no blocks", Refused<ArgumentException>(_folder.File("blocks"), new ConversionOptions { Type = DType.Q4_0 }));
        Assert.Equal("x", File.ReadAllText(_folder.File("there.gguf")));
        ModelConversion.Convert(original, _folder.File("there.gguf"), new ConversionOptions { Overwrites = true }, _device);
        Assert.True(GgufFile.Looks(_folder.File("there.gguf")));
        ModelConversion.Convert(original, _folder.File("copy"), new ConversionOptions(), _device);
        ModelConversion.Convert(original, _folder.File("copy"), new ConversionOptions { Overwrites = true, Type = DType.BFloat16 }, _device);
        Assert.Equal("bfloat16", (string)JsonNode.Parse(File.ReadAllText(_folder.File("copy/config.json")))!["torch_dtype"]!);
        Assert.Equal(["copy", "folder.gguf", "original", "there.gguf"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Convert_BesideFilesOfOthers_LeavesThemAlone()
    {
        string original = _folder.File("out.converting"), output = _folder.File("out"), gguf = _folder.File("model.gguf");
        LittleModels.Save(original, "qwen3", _device);
        byte[] weights = File.ReadAllBytes(Path.Combine(original, SafeTensors.FileName));
        File.WriteAllText(gguf + ".converting", "another's");
        ModelConversion.Convert(original, output, new ConversionOptions(), _device);
        ModelConversion.Convert(original, gguf, new ConversionOptions(), _device);
        Assert.Equal(weights, File.ReadAllBytes(Path.Combine(original, SafeTensors.FileName)));
        Assert.Equal("another's", File.ReadAllText(gguf + ".converting"));

        Directory.CreateDirectory(output + ".replaced");
        File.WriteAllText(Path.Combine(output + ".replaced", "note"), "mine");
        string message = Assert.Throws<IOException>(() => ModelConversion.Convert(original, output, new ConversionOptions { Overwrites = true }, _device)).Message;
        Assert.Contains("out.replaced exists already", message);
        Assert.Equal("mine", File.ReadAllText(Path.Combine(output + ".replaced", "note")));
        Assert.Equal(["model.gguf", "model.gguf.converting", "out", "out.converting", "out.replaced"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Convert_OfWhatStandsAtTheOutputsSideName_IsRefused()
    {
        string output = _folder.File("out"), original = output + ".replaced";
        LittleModels.Save(original, "qwen3", _device);
        string message = Assert.Throws<IOException>(() => ModelConversion.Convert(original, output, new ConversionOptions { Overwrites = true }, _device)).Message;
        Assert.Contains("read from", message);
        Assert.True(File.Exists(Path.Combine(original, SafeTensors.FileName)));
    }

    [Fact]
    public void Convert_OntoTheInputByWayOfLinks_IsRefused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege there");
        string place = _folder.File("place"), original = Path.Combine(place, "original"), blobs = _folder.File("blobs"), linked = _folder.File("linked");
        LittleModels.Save(original, "qwen3", _device);
        Directory.CreateSymbolicLink(_folder.File("first"), "place");
        Directory.CreateSymbolicLink(_folder.File("second"), "./first/../first");
        Directory.CreateDirectory(linked);
        Directory.CreateDirectory(blobs);
        foreach (string file in Directory.EnumerateFiles(original))
        {
            string blob = Path.Combine(blobs, Path.GetFileName(file));
            File.Copy(file, blob);
            File.CreateSymbolicLink(Path.Combine(linked, Path.GetFileName(file)), blob);
        }
        foreach ((string input, string output) in new[] { (original, _folder.File("first/original")), (_folder.File("second/original"), original), (original, _folder.File("second/original")), (linked, blobs) })
        {
            Assert.Contains("read from", Assert.Throws<IOException>(() => ModelConversion.Convert(input, output, new ConversionOptions { Overwrites = true }, _device)).Message);
        }
        ModelConversion.Convert(original, _folder.File("second/other"), new ConversionOptions(), _device);
        Assert.Equal(["original", "other"], Directory.EnumerateFileSystemEntries(place).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("llama", "model.gguf", DType.Float16)]
    [InlineData("llama", "model.gguf", DType.Q8_0)]
    [InlineData("gpt2", "folder", DType.Float16)]
    public void Convert_OfNumbersTooLargeForTheType_NamesTheTensor(string family, string output, DType type)
    {
        string original = _folder.File("original");
        using (var model = new Transformer(LittleModels.Config(family), _device, training: false))
        {
            model.Initialize(3);
            Tensor weight = model.Parameters.Find("model.layers.1.mlp.up_proj.weight")!.Value;
            float[] values = weight.ToArray();
            values[700] = 3e7f;
            weight.CopyFrom(values);
            ModelFolder.Save(model, LittleModels.Tokenizer(), original);
        }
        string message = Assert.Throws<InvalidDataException>(() => ModelConversion.Convert(original, _folder.File(output), new ConversionOptions { Type = type }, _device)).Message;
        Assert.Contains("model.layers.1.mlp.up_proj.weight", message);
        Assert.Equal(["original"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Convert_ThatIsCancelled_LeavesNothing()
    {
        string original = _folder.File("original");
        LittleModels.Save(original, "llama", _device);
        using var source = new CancellationTokenSource();
        var progress = new CancelAtHalf(source);
        Assert.Throws<OperationCanceledException>(() => ModelConversion.Convert(original, _folder.File("model.gguf"), new ConversionOptions(), _device, progress, source.Token));
        Assert.Equal(["original"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Convert_HoldsOneTensorAtATime()
    {
        string original = _folder.File("original");
        LittleModels.Save(original, "qwen2", _device);
        using PretrainedModel model = PretrainedModel.Load(original, _device);
        long vectors = model.Transformer.Parameters.All.Where(parameter => parameter.Value.Shape.Rank == 1).Sum(parameter => parameter.Value.Storage.Bytes);
        Assert.All(model.Transformer.Parameters.All.Where(parameter => parameter.Value.Shape.Rank == 2), parameter => Assert.True(parameter.Value.Storage.IsReadOnly));
        long before = GC.GetAllocatedBytesForCurrentThread();
        var rows = new Files.ParameterRows(model.Transformer.Parameters.All[0], DType.Float32);
        rows.WriteTo(Stream.Null);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 << 20);
        Assert.InRange(vectors, 1, 100_000);
    }

    private sealed class CancelAtHalf(CancellationTokenSource source) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value)
        {
            if (value.Total > 0 && value.Done > value.Total / 2)
            {
                source.Cancel();
            }
        }
    }
}
