using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Models.Tests;

/// <summary>Tiny models of each family, every parameter random, and the devices to run them on.</summary>
internal static class TinyModels
{
    private static readonly TransformerConfig Small = new()
    {
        VocabularySize = 61,
        Channels = 24,
        Layers = 2,
        Heads = 4,
        KeyValueHeads = 2,
        HeadSize = 6,
        HiddenChannels = 40,
        ContextLength = 160,
    };

    public static TransformerConfig Config(string family, bool tied = true) => family switch
    {
        "qwen3" => Small.Qwen3(),
        "qwen2" => Small.Qwen2(),
        "llama" => Small.Llama(),
        "gpt2" => TransformerConfig.Gpt2(Small.VocabularySize, Small.Layers, Small.Channels, Small.Heads, Small.ContextLength),
        _ => throw new ArgumentException(family),
    } with
    { TiedHead = tied };

    /// <summary>A model none of whose parameters is zero or one, so that no path through it is silent.</summary>
    public static Transformer Random(TransformerConfig config, Device device, bool training = false, DType type = DType.Float32)
    {
        var model = new Transformer(config, device, training, type);
        foreach (Parameter parameter in model.Parameters.All)
        {
            Initialization.Normal(parameter, parameter.Kind == ParameterKind.Vector ? 0.6 : 0.3, 11);
        }
        return model;
    }

    /// <summary>Ids that differ by seed.</summary>
    public static int[] Ids(int count, ulong seed, int vocabulary = 61)
    {
        var random = new SeededRandom(seed);
        int[] ids = new int[count];
        for (int i = 0; i < count; i++)
        {
            ids[i] = random.NextInt(vocabulary);
        }
        return ids;
    }

    /// <summary>Every kernel set and precision that this machine has.</summary>
    public static TheoryData<string, DType> Kernels
    {
        get
        {
            var data = new TheoryData<string, DType>();
            foreach (string kernels in CpuDevice.AvailableKernels)
            {
                data.Add(kernels, DType.Float32);
                data.Add(kernels, DType.BFloat16);
            }
            return data;
        }
    }

    /// <summary>The logits after each token, [tokens × vocabulary].</summary>
    public static float[] Logits(Transformer model, TokenBatch batch, KeyValueCache? cache = null)
    {
        using var tape = new Tape(model.Device, recording: false);
        return model.Logits(tape, model.Hidden(tape, batch, cache)).ToArray();
    }
}
