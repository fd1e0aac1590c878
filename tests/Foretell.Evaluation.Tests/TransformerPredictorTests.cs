using System.Text;
using Foretell.Evaluation.Compression;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;

namespace Foretell.Evaluation.Tests;

public class TransformerPredictorTests
{
    private const int Context = 40;
    private static readonly ByteTokenizer s_tokenizer = new();

    public static TheoryData<string, string> Shapes()
    {
        var shapes = new TheoryData<string, string>();
        foreach (string kernels in CpuDevice.AvailableKernels)
        {
            shapes.Add(kernels, "qwen3");
            shapes.Add(kernels, "gpt2");
        }
        return shapes;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Stepping_GivesTheBitsOfTheWholePass(string kernels, string shape)
    {
        using Device device = CpuDevice.Create(kernels, threads: 2);
        using Transformer model = Model(device, shape);
        var predictor = new TransformerPredictor(model, s_tokenizer);
        int[] tokens = [256, .. Encoding.UTF8.GetBytes("Ann gave the red ball to her brother.").Select(value => (int)value)];
        var whole = new List<float[]>();
        predictor.PredictAll(tokens, 0, (position, logits) =>
        {
            Assert.Equal(whole.Count, position);
            whole.Add(logits.ToArray());
        });
        Assert.Equal(tokens.Length, whole.Count);
        predictor.PredictAll(tokens.AsSpan(0, 20), 13, (position, logits) => Assert.Equal(whole[position], logits.ToArray()));

        using ITokenStepper stepper = predictor.Begin();
        Assert.Equal(whole[4], stepper.Append(tokens.AsSpan(0, 5)).ToArray());
        for (int position = 5; position < tokens.Length; position++)
        {
            Assert.Equal(whole[position], stepper.Append([tokens[position]]).ToArray());
        }
    }

    [Fact]
    public void Decompress_GivesBackWhatWasCompressed()
    {
        using Device device = CpuDevice.Create(threads: 2);
        using Transformer model = Model(device, "qwen3");
        var compressor = new Compressor(new TransformerPredictor(model, s_tokenizer), s_tokenizer);
        byte[] text = [.. Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("A kilobyte of text, with Ünïcode. ", 30))), 0xFF, 0x00];
        using var coded = new MemoryStream();
        compressor.Compress(new MemoryStream(text), coded);
        using var restored = new MemoryStream();
        coded.Position = 0;
        compressor.Decompress(coded, restored);
        Assert.Equal(text, restored.ToArray());
    }

    [Fact]
    public void Decompress_WithAnotherModel_IsRefused()
    {
        using Device device = CpuDevice.Create(threads: 1);
        using Transformer model = Model(device, "qwen3"), other = Model(device, "qwen3", seed: 4);
        using var coded = new MemoryStream();
        new Compressor(new TransformerPredictor(model, s_tokenizer), s_tokenizer).Compress(new MemoryStream("text"u8.ToArray()), coded);
        coded.Position = 0;
        using var restored = new MemoryStream();
        var wrong = new Compressor(new TransformerPredictor(other, s_tokenizer), s_tokenizer);
        Assert.Contains("compressed with the model", Assert.Throws<InvalidDataException>(() => wrong.Decompress(coded, restored)).Message, StringComparison.Ordinal);
        Assert.Equal(0, restored.Length);
    }

    [Fact]
    public void Identity_IsOfTheWeightsAndTheTokenizer()
    {
        using Device device = CpuDevice.Create(threads: 1);
        using Transformer model = Model(device, "qwen3"), same = Model(device, "qwen3"), other = Model(device, "qwen3", seed: 4);
        string identity = new TransformerPredictor(model, s_tokenizer).Identity;
        Assert.Equal(identity, new TransformerPredictor(same, s_tokenizer).Identity);
        Assert.NotEqual(identity, new TransformerPredictor(other, s_tokenizer).Identity);
        Assert.NotEqual(identity, new TransformerPredictor(model, new ByteTokenizer(endOfText: false)).Identity);
    }

    private static Transformer Model(Device device, string shape, ulong seed = 3)
    {
        TransformerConfig config = shape == "gpt2"
            ? TransformerConfig.Gpt2(s_tokenizer.VocabularySize, layers: 2, channels: 48, heads: 3, context: Context)
            : new TransformerConfig { VocabularySize = s_tokenizer.VocabularySize, Channels = 48, Layers = 2, Heads = 4, KeyValueHeads = 2, HeadSize = 12, HiddenChannels = 80, ContextLength = Context };
        var model = new Transformer(config, device, training: false);
        model.Initialize(seed);
        // Matrices that write back start at zero; with any other value every layer has its say.
        foreach (Nn.Parameter parameter in model.Parameters.All.Where(parameter => parameter.Name.Contains("_proj.weight", StringComparison.Ordinal)))
        {
            Nn.Initialization.Normal(parameter, 0.2, seed);
        }
        return model;
    }
}
