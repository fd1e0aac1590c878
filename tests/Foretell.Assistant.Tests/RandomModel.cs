using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;

namespace Foretell.Assistant.Tests;

/// <summary>A small transformer over bytes with random weights that prefers something.</summary>
internal sealed class RandomModel : IDisposable
{
    public RandomModel(int context = 256, ulong seed = 1, int threads = 2, Action<ForetellOptions>? configure = null)
    {
        Device = CpuDevice.Create(threads: threads, precision: DType.Float32);
        var config = new TransformerConfig { VocabularySize = Tokenizer.VocabularySize, Channels = 32, Layers = 2, Heads = 2, KeyValueHeads = 1, HeadSize = 16, HiddenChannels = 64, ContextLength = context };
        Transformer = new Transformer(config, Device, training: false);
        Transformer.Initialize(seed);
        foreach (Parameter parameter in Transformer.Parameters.All.Where(parameter => parameter.Kind != ParameterKind.Vector))
        {
            Initialization.Normal(parameter, 0.4, seed);
        }
        var options = new ForetellOptions { ChatTemplate = Templates.Lines };
        configure?.Invoke(options);
        Model = ForetellModel.Over(Transformer, Tokenizer, "random", options);
    }

    public Device Device { get; }

    public Tokenizer Tokenizer { get; } = new ByteTokenizer();

    public Transformer Transformer { get; }

    public ForetellModel Model { get; }

    public void Dispose()
    {
        Model.Dispose();
        Transformer.Dispose();
        Device.Dispose();
    }
}
