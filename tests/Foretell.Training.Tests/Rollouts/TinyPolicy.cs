using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;

namespace Foretell.Training.Tests;

/// <summary>Small models over bytes that have learned nothing, and prompts for them.</summary>
internal static class TinyPolicy
{
    public const int EndOfText = 256;

    public static ByteTokenizer Tokenizer { get; } = new();

    public static ChatTemplate Template { get; } = ChatTemplate.Default(Tokenizer);

    public static Device Device(int threads = 1) => CpuDevice.Create(threads: threads, precision: DType.Float32);

    /// <summary>A model of 2 layers.</summary>
    /// <param name="deviation">Of every weight's first value; null for the usual initialisation.</param>
    public static TrainedModel Model(Device device, ulong seed = 1, int channels = 32, double? deviation = null, bool training = true, int context = 128)
    {
        var transformer = new Transformer(
            new TransformerConfig { VocabularySize = 257, ContextLength = context, Layers = 2, Channels = channels, Heads = channels / 16, KeyValueHeads = channels / 16, HeadSize = 16, HiddenChannels = 2 * channels },
            device,
            training);
        transformer.Initialize(seed);
        if (deviation is double given)
        {
            foreach (Parameter parameter in transformer.Parameters.All)
            {
                Initialization.Normal(parameter, given, seed);
            }
        }
        return new TrainedModel(transformer, Tokenizer, Template, new GenerationDefaults { EndIds = [EndOfText] });
    }

    public static RolloutPrompt Prompt(string question) => RolloutPrompt.Of([new ChatMessage("user", question)], Template, Tokenizer);

    /// <summary>An answer that no model gave.</summary>
    public static Rollout Answer(string text, bool ends = true, RolloutPrompt? prompt = null)
    {
        int[] ids = [.. Tokenizer.Encode(text), .. ends ? [EndOfText] : Array.Empty<int>()];
        return new Rollout(prompt ?? Prompt("?"), ids, new float[ids.Length], text, ends ? Inference.FinishReason.Stop : Inference.FinishReason.Length);
    }
}
