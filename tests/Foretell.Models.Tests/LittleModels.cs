using System.Text;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tokenizers;

namespace Foretell.Models.Tests;

/// <summary>Random models of each family with widths that every quantization has whole blocks for, as folders.</summary>
internal static class LittleModels
{
    private static readonly TransformerConfig s_small = new()
    {
        VocabularySize = 300,
        Channels = 256,
        Layers = 2,
        Heads = 4,
        KeyValueHeads = 2,
        HeadSize = 64,
        HiddenChannels = 512,
        ContextLength = 64,
        RotaryBase = 10_000,
    };

    public static readonly string[] Families = ["llama", "llama3", "qwen2", "qwen3", "gpt2"];

    /// <summary>One of <see cref="Families"/>; "llama3" is a llama with stretched frequencies and a head of its own.</summary>
    public static TransformerConfig Config(string family) => family switch
    {
        "llama" => s_small.Llama(),
        "llama3" => s_small.Llama() with { TiedHead = false, RotaryBase = 500_000, RotaryScaling = new Llama3RotaryScaling(8, 1, 4, 8192) },
        "qwen2" => s_small.Qwen2() with { RotaryBase = 1_000_000 },
        "qwen3" => s_small.Qwen3() with { TiedHead = false, HeadSize = 96 },
        "gpt2" => TransformerConfig.Gpt2(s_small.VocabularySize, s_small.Layers, s_small.Channels, s_small.Heads, s_small.ContextLength),
        _ => throw new ArgumentException(family),
    };

    /// <summary>Byte pairs with a few merges and control tokens; fewer ids than the models have, as published ones often are.</summary>
    public static Tokenizer Tokenizer() => BpeTrainer.Train(
        new BpeTrainerOptions { VocabularySize = 290, SpecialTokens = ["<|endoftext|>", "<|im_end|>"] },
        [Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("Once upon a time there was a little girl named Lily. ", 20)))]);

    /// <summary>Saves a random model, its head tilted so that each context prefers something.</summary>
    public static void Save(string folder, string family, Device device, ulong seed = 3)
    {
        using var model = new Transformer(Config(family), device, training: false);
        foreach (Parameter parameter in model.Parameters.All)
        {
            bool isGain = parameter.Kind == ParameterKind.Vector && parameter.Name.EndsWith("weight", StringComparison.Ordinal);
            Initialization.Normal(parameter, parameter.Kind == ParameterKind.Embedding ? 0.2 : parameter.Kind == ParameterKind.Vector ? 0.1 : 0.06, seed);
            if (isGain)
            {
                parameter.Value.CopyFrom([.. parameter.Value.ToArray().Select(value => 1 + value)]);
            }
        }
        ModelFolder.Save(model, Tokenizer(), folder);
    }
}
