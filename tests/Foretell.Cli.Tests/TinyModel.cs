using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;

namespace Foretell.Cli.Tests;

/// <summary>A tiny model of bytes with random weights, as a folder.</summary>
internal static class TinyModel
{
    public const int Context = 64;

    /// <returns>The folder.</returns>
    public static string Save(string folder, ulong seed = 1, int context = Context)
    {
        var tokenizer = new ByteTokenizer();
        using Device device = CpuDevice.Create(threads: 1);
        var config = new TransformerConfig { VocabularySize = tokenizer.VocabularySize, Channels = 16, Layers = 1, Heads = 2, KeyValueHeads = 1, HeadSize = 8, HiddenChannels = 32, ContextLength = context };
        using var model = new Transformer(config, device, training: false);
        model.Initialize(seed);
        // Matrices that write back start at zero, and embeddings small: larger ones make the model prefer something.
        foreach (Parameter parameter in model.Parameters.All.Where(parameter => parameter.Kind != ParameterKind.Vector))
        {
            Initialization.Normal(parameter, 0.5, seed);
        }
        ModelFolder.Save(model, tokenizer, folder);
        return folder;
    }
}
