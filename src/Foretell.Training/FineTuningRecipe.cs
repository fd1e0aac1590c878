using System.Text.Json;
using System.Text.Json.Serialization;
using Foretell.Data;
using Foretell.Models;
using Foretell.Nn.Optimizers;

namespace Foretell.Training;

/// <summary>
/// Everything that decides a fine-tuning's result, beside the model and the data. Values left null follow from the model and
/// the data (<see cref="Resolve"/>); a run's config.json states them all.
/// </summary>
public sealed record FineTuningRecipe
{
    /// <summary>How the files write conversations; default: told from their fields.</summary>
    public ChatForm Form { get; init; }

    /// <summary>What is done with rows longer than the context; default: left out, counted and named.</summary>
    public LongExamples TooLong { get; init; }

    /// <summary>Tokens of a row, and of the longest conversation; at most the model's context, which it is by default.</summary>
    public int? ContextLength { get; init; }

    /// <summary>How conversations share rows; default first fit.</summary>
    public PackingOrder Packing { get; init; }

    /// <summary>Times that each conversation is learned; a fraction ends within an epoch. Default 3; exclusive with <see cref="Steps"/>.</summary>
    public double Epochs { get; init; } = 3;

    /// <summary>Optimizer steps, in the place of <see cref="Epochs"/>.</summary>
    public long? Steps { get; init; }

    /// <summary>Rows of a step; default: about 4,096 tokens.</summary>
    public int? BatchRows { get; init; }

    /// <summary>Rows that go through at once; the result does not depend on it. Default: about 2,048 tokens.</summary>
    public int? MicroBatchRows { get; init; }

    /// <summary>"adamw" (default) or "muon", which moves matrices by orthogonal steps.</summary>
    public string Optimizer { get; init; } = "adamw";

    /// <summary>AdamW's peak; default 0.2 / channels, and 5 times that for adapters.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Muon's peak. Default 0.005.</summary>
    public double MatrixLearningRate { get; init; } = 0.005;

    public double Beta1 { get; init; } = 0.9;

    public double Beta2 { get; init; } = 0.95;

    /// <summary>Default 0.01: the weights are to stay near what they were.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>The gradient's greatest norm; 0 for no limit. Default 1.</summary>
    public double GradientClip { get; init; } = 1;

    /// <summary>Standard deviations beyond which a step is skipped; 0 never skips. Default 6.</summary>
    public double SpikeThreshold { get; init; } = 6;

    /// <summary>Share of the steps in which the rate rises. Default 0.05.</summary>
    public double WarmUpShare { get; init; } = 0.05;

    public DecayShape Decay { get; init; } = DecayShape.Linear;

    /// <summary>Share of the steps in which the rate falls. Default 1: from the end of the warm-up on.</summary>
    public double DecayShare { get; init; } = 1;

    /// <summary>What is left of the rate at the end. Default 0.</summary>
    public double FinalShare { get; init; }

    /// <summary>Share of the conversations that is held out, in [0, 1), where no file of such is given. Default 0.05.</summary>
    public double HeldOutShare { get; init; } = 0.05;

    /// <summary>Steps between evaluations on held-out conversations; default: ten in the whole run. The weights of the best one are kept.</summary>
    public long? EvaluateEvery { get; init; }

    /// <summary>Evaluations in a row without a better one after which the run ends early; 0 never. Default 3.</summary>
    public int Patience { get; init; } = 3;

    /// <summary>Steps between checkpoints; default: as often as it evaluates.</summary>
    public long? CheckpointEvery { get; init; }

    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>Held-out questions that are answered at the end, to see whether answers end. Default 32.</summary>
    public int Questions { get; init; } = 32;

    /// <summary>The most tokens of such an answer. Default 256.</summary>
    public int AnswerTokens { get; init; } = 256;

    /// <summary>Rank of low-rank adapters (LoRA); 0 (default) trains all weights.</summary>
    public int LoraRank { get; init; }

    /// <summary>What adapters are scaled by, over the rank; default twice the rank.</summary>
    public double? LoraAlpha { get; init; }

    /// <summary>Probability of dropping an input of an adapter, in [0, 1). Default 0.</summary>
    public float LoraDropout { get; init; }

    /// <summary>The projections with adapters, as "q_proj"; empty (default) for all.</summary>
    public IReadOnlyList<string> LoraTargets { get; init; } = [];

    public ulong Seed { get; init; } = 1;

    /// <summary>The names of all settings, as they stand in JSON.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. FineTuningJson.Default.FineTuningRecipe.Properties.Select(property => property.Name)];

    /// <summary>Reads a recipe and applies settings over it.</summary>
    /// <exception cref="FormatException">Not JSON, an unknown key or a value that does not fit; the message names it.</exception>
    public static FineTuningRecipe Parse(string? json, IEnumerable<string> settings)
    {
        FineTuningRecipe recipe = RecipeReader.Parse(json, settings, new FineTuningRecipe(), FineTuningJson.Default.FineTuningRecipe, "foretell sft", Wanted);
        recipe.Validate();
        return recipe;
    }

    public string ToJson() => JsonSerializer.Serialize(this, FineTuningJson.Default.FineTuningRecipe);

    /// <summary>The recipe with every value filled in.</summary>
    /// <param name="batches">The batches that a recipe with sizes makes, whose number is an epoch's steps.</param>
    /// <exception cref="FormatException">A value does not fit the model.</exception>
    public FineTuningRecipe Resolve(TransformerConfig model, Func<FineTuningRecipe, ChatBatches> batches)
    {
        int context = Context(model);
        FineTuningRecipe sized = this with
        {
            ContextLength = context,
            BatchRows = BatchRows ?? Math.Max(1, 4096 / context),
            MicroBatchRows = MicroBatchRows ?? Math.Max(1, 2048 / context),
            LearningRate = LearningRate ?? (LoraRank > 0 ? 1.0 : 0.2) / model.Channels,
            LoraAlpha = LoraRank > 0 ? LoraAlpha ?? 2 * LoraRank : null,
        };
        long steps = Steps ?? Math.Max(1, batches(sized).Steps(Epochs));
        long every = EvaluateEvery ?? Math.Max(1, (steps + 9) / 10);
        return sized with { Steps = steps, EvaluateEvery = every, CheckpointEvery = CheckpointEvery ?? every };
    }

    /// <summary>Tokens of the longest conversation for a model.</summary>
    /// <exception cref="FormatException">It is more than the model's context.</exception>
    public int Context(TransformerConfig model) => ContextLength is not int wanted ? model.ContextLength
        : wanted <= model.ContextLength ? wanted
        : throw new FormatException(FormattableString.Invariant($"recipe: contextLength is {wanted}, and the model's context {model.ContextLength}; choose at most that."));

    private void Validate()
    {
        Require(ContextLength is null or >= 8, "contextLength", ContextLength, "at least 8");
        Require(double.IsFinite(Epochs) && Epochs > 0, "epochs", Epochs, "above 0");
        Require(Steps is null or > 0, "steps", Steps, "at least 1");
        Require(BatchRows is null or > 0, "batchRows", BatchRows, "at least 1");
        Require(MicroBatchRows is null or > 0, "microBatchRows", MicroBatchRows, "at least 1");
        Require(Optimizer is "adamw" or "muon", "optimizer", Optimizer, "adamw or muon");
        Require(LearningRate is null || (double.IsFinite(LearningRate.Value) && LearningRate > 0), "learningRate", LearningRate, "above 0");
        Require(HeldOutShare is >= 0 and < 1, "heldOutShare", HeldOutShare, "from 0 to below 1");
        Require(WarmUpShare is >= 0 and <= 1, "warmUpShare", WarmUpShare, "from 0 to 1");
        Require(DecayShare is >= 0 and <= 1, "decayShare", DecayShare, "from 0 to 1");
        Require(FinalShare is >= 0 and <= 1, "finalShare", FinalShare, "from 0 to 1");
        Require(EvaluateEvery is null or > 0, "evaluateEvery", EvaluateEvery, "at least 1");
        Require(CheckpointEvery is null or > 0, "checkpointEvery", CheckpointEvery, "at least 1");
        Require(KeepCheckpoints > 0, "keepCheckpoints", KeepCheckpoints, "at least 1");
        Require(Patience >= 0, "patience", Patience, "at least 0");
        Require(Questions >= 0, "questions", Questions, "at least 0");
        Require(AnswerTokens > 0, "answerTokens", AnswerTokens, "at least 1");
        Require(LoraRank >= 0, "loraRank", LoraRank, "at least 0");
        Require(LoraAlpha is null || (double.IsFinite(LoraAlpha.Value) && LoraAlpha > 0), "loraAlpha", LoraAlpha, "above 0");
        Require(LoraDropout is >= 0 and < 1, "loraDropout", LoraDropout, "from 0 to below 1");
    }

    private static void Require(bool fits, string key, object? value, string wanted)
    {
        if (!fits)
        {
            throw new FormatException(FormattableString.Invariant($"recipe: {key} is {value}; wanted {wanted}."));
        }
    }

    private static string Wanted(string key) => key switch
    {
        "form" => $"; wanted {string.Join(" or ", Enum.GetNames<ChatForm>())}",
        "tooLong" => $"; wanted {string.Join(" or ", Enum.GetNames<LongExamples>())}",
        "packing" => $"; wanted {string.Join(" or ", Enum.GetNames<PackingOrder>())}",
        "decay" => $"; wanted {string.Join(" or ", Enum.GetNames<DecayShape>())}",
        _ => "",
    };
}

[JsonSerializable(typeof(FineTuningRecipe))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    WriteIndented = true)]
internal sealed partial class FineTuningJson : JsonSerializerContext;
