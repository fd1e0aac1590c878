using System.Text.Json;
using System.Text.Json.Serialization;
using Foretell.Data;
using Foretell.Models;
using Foretell.Nn.Optimizers;

namespace Foretell.Training;

/// <summary>
/// Everything that decides a pretraining run's result: with the corpus and the kernels' name it reproduces the weights bit
/// for bit. Values left null follow from <see cref="ScalingDial"/>; a run's config.json states them all.
/// </summary>
public sealed record PretrainingRecipe
{
    /// <summary>"qwen3", "qwen2", "llama" or "gpt2".</summary>
    public string Architecture { get; init; } = "qwen3";

    /// <summary>Number of blocks, from which every other size follows; exclusive with <see cref="Parameters"/>.</summary>
    public int? Depth { get; init; }

    /// <summary>Wanted number of parameters, from which the depth follows.</summary>
    public long? Parameters { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public int? Channels { get; init; }

    /// <summary>Query heads.</summary>
    public int? Heads { get; init; }

    /// <summary>Key and value heads.</summary>
    public int? KeyValueHeads { get; init; }

    /// <summary>Elements of a head.</summary>
    public int? HeadSize { get; init; }

    /// <summary>Width inside the feed-forward part.</summary>
    public int? HiddenChannels { get; init; }

    /// <summary>Tokens of a row.</summary>
    public int ContextLength { get; init; } = 256;

    /// <summary>Probability of dropping an element of a block's output; in [0, 1).</summary>
    public float Dropout { get; init; }

    /// <summary>"bpe", "bytes", "characters", or the path of a tokenizer to use as it is.</summary>
    public string Tokenizer { get; init; } = "bpe";

    /// <summary>Vocabulary of a tokenizer to be trained, special tokens included.</summary>
    public int Vocabulary { get; init; } = 4096;

    /// <summary>The jsonl field that holds the text.</summary>
    public string TextField { get; init; } = "text";

    public SplitMode Split { get; init; } = SplitMode.Documents;

    /// <summary>Share of the corpus held out for validation, in (0, 1).</summary>
    public double ValidationShare { get; init; } = 0.05;

    public SamplingMode Sampling { get; init; } = SamplingMode.Packed;

    /// <summary>"muon" (matrices by Muon, the rest by AdamW) or "adamw".</summary>
    public string Optimizer { get; init; } = "muon";

    /// <summary>Peak rate of Muon's matrices.</summary>
    public double? MatrixLearningRate { get; init; }

    /// <summary>Peak rate of what AdamW changes.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Decoupled weight decay of matrices and embeddings: each step shrinks them by rate × this.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Decay of AdamW's first moment.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of AdamW's second moment.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Muon's momentum.</summary>
    public double Momentum { get; init; } = 0.95;

    /// <summary>Share of the steps in which the rate rises.</summary>
    public double WarmUpShare { get; init; } = 0.02;

    public DecayShape Decay { get; init; } = DecayShape.Linear;

    /// <summary>Share of the steps in which the rate falls.</summary>
    public double DecayShare { get; init; } = 0.5;

    /// <summary>Share of the peak rate left at the end.</summary>
    public double FinalShare { get; init; } = 0.02;

    /// <summary>The gradient's norm is cut to this; 0 never cuts.</summary>
    public double GradientClip { get; init; } = 1;

    /// <summary>A step whose loss or gradient norm lies this many standard deviations above its moving mean is skipped; 0 never skips.</summary>
    public double SpikeThreshold { get; init; } = 8;

    /// <summary>Rows of a step.</summary>
    public int? BatchRows { get; init; }

    /// <summary>Rows that go through the model at once; the result does not depend on it.</summary>
    public int? MicroBatchRows { get; init; }

    /// <summary>Optimizer steps.</summary>
    public long? Steps { get; init; }

    /// <summary>Tokens to train on, when the steps are not given.</summary>
    public long? Tokens { get; init; }

    /// <summary>Seed of initialisation, order, dropout and samples.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Steps between validations; the last step is always validated.</summary>
    public long? ValidateEvery { get; init; }

    /// <summary>Tokens of the validation split that are used; 0 for all.</summary>
    public long ValidationTokens { get; init; } = 131_072;

    /// <summary>Steps between checkpoints; the last step always has one.</summary>
    public long? CheckpointEvery { get; init; }

    /// <summary>Checkpoints kept.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>What samples begin with; empty begins a new document.</summary>
    public string SamplePrompt { get; init; } = "";

    /// <summary>The names of all settings, as they stand in JSON.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. RecipeJson.Default.PretrainingRecipe.Properties.Select(property => property.Name)];

    /// <summary>The model's configuration for a vocabulary.</summary>
    public TransformerConfig Model(int vocabulary) => ScalingDial.Model(this, vocabulary);

    /// <summary>Reads a recipe and applies settings over it.</summary>
    /// <param name="json">The recipe's JSON; null for the defaults.</param>
    /// <param name="settings">"key=value" pairs in the recipe's own names.</param>
    /// <exception cref="FormatException">Not JSON, an unknown key or a value of the wrong kind; the message names it.</exception>
    public static PretrainingRecipe Parse(string? json, IEnumerable<string> settings)
    {
        PretrainingRecipe recipe = RecipeReader.Parse(json, settings, new PretrainingRecipe(), RecipeJson.Default.PretrainingRecipe, "foretell pretrain", Wanted);
        ScalingDial.Validate(recipe);
        return recipe;
    }

    public string ToJson() => JsonSerializer.Serialize(this, RecipeJson.Default.PretrainingRecipe);

    private static string Wanted(string key) => key switch
    {
        "split" => $"; wanted {string.Join(" or ", Enum.GetNames<SplitMode>())}",
        "decay" => $"; wanted {string.Join(" or ", Enum.GetNames<DecayShape>())}",
        "sampling" => $"; wanted {string.Join(" or ", Enum.GetNames<SamplingMode>())}",
        _ => "",
    };
}

[JsonSerializable(typeof(PretrainingRecipe))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    WriteIndented = true)]
internal sealed partial class RecipeJson : JsonSerializerContext;
