using Foretell.Models;

namespace Foretell.Training;

/// <summary>
/// One dial: the depth decides every size that the recipe leaves open. The rules, each overridden by its setting:
/// channels = 64 × depth; heads of 64 elements, as many key-value heads; hidden channels = 8/3 × channels, up to a multiple
/// of 64 (4 × channels for GPT-2); tokens = 20 a parameter (Hoffmann et al. 2022); a step's tokens = 16,384 × (tokens /
/// 10⁸)^0.383, a power of two between 2,048 and 524,288; peak rates 0.02 (Muon) and 0.003 (AdamW) for steps of 16,384 tokens, by the
/// square root of the step's tokens. A number of parameters picks the depth that comes nearest.
/// </summary>
public static class ScalingDial
{
    private const int DefaultDepth = 4;
    private const int HeadSize = 64;
    private const double ReferenceBatch = 16_384;

    /// <summary>The model of a recipe.</summary>
    public static TransformerConfig Model(PretrainingRecipe recipe, int vocabulary)
    {
        if (recipe.Depth is int || recipe.Parameters is null)
        {
            return ModelOfDepth(recipe, vocabulary, recipe.Depth ?? DefaultDepth);
        }
        TransformerConfig best = ModelOfDepth(recipe, vocabulary, 1);
        for (int depth = 2; depth <= 128; depth++)
        {
            TransformerConfig candidate = ModelOfDepth(recipe, vocabulary, depth);
            if (Math.Abs(candidate.ParameterCount - recipe.Parameters.Value) < Math.Abs(best.ParameterCount - recipe.Parameters.Value))
            {
                best = candidate;
            }
        }
        return best;
    }

    /// <summary>The recipe with every open value filled in.</summary>
    public static PretrainingRecipe Resolve(PretrainingRecipe recipe, TransformerConfig model)
    {
        long tokens = recipe.Tokens ?? 20 * model.ParameterCount;
        double stepTokens = ReferenceBatch * Math.Pow(tokens / 1e8, 0.383);
        double power = Math.Pow(2, Math.Round(Math.Log2(Math.Clamp(stepTokens, 2_048, 524_288))));
        int rows = recipe.BatchRows ?? (int)Math.Max(1, power / recipe.ContextLength);
        long perStep = (long)rows * recipe.ContextLength;
        long steps = recipe.Steps ?? Math.Max(1, (tokens + perStep - 1) / perStep);
        double rateFactor = Math.Sqrt(perStep / ReferenceBatch);
        return recipe with
        {
            Depth = model.Layers,
            Parameters = null,
            Channels = model.Channels,
            Heads = model.Heads,
            KeyValueHeads = model.KeyValueHeads,
            HeadSize = model.HeadSize,
            HiddenChannels = model.HiddenChannels,
            BatchRows = rows,
            MicroBatchRows = Math.Min(rows, recipe.MicroBatchRows ?? DefaultMicroBatchRows(recipe.ContextLength)),
            Steps = steps,
            Tokens = null,
            MatrixLearningRate = recipe.MatrixLearningRate ?? 0.02 * rateFactor,
            LearningRate = recipe.LearningRate ?? 0.003 * rateFactor,
            ValidateEvery = recipe.ValidateEvery ?? Math.Max(1, steps / 12),
            CheckpointEvery = recipe.CheckpointEvery ?? Math.Max(1, steps / 10),
        };
    }

    /// <summary>Throws one sentence that names the first value out of its range.</summary>
    /// <exception cref="FormatException">A value is out of its range.</exception>
    public static void Validate(PretrainingRecipe recipe)
    {
        Require(recipe.Depth is null || recipe.Parameters is null, $"give depth or parameters, not both");
        Require(recipe.Depth is null or > 0, $"depth must be at least 1; it is {recipe.Depth}");
        Require(recipe.Parameters is null or > 0, $"parameters must be at least 1; it is {recipe.Parameters}");
        Require(recipe.Channels is null or > 0, $"channels must be at least 1; it is {recipe.Channels}");
        Require(recipe.Heads is null or > 0, $"heads must be at least 1; it is {recipe.Heads}");
        Require(recipe.KeyValueHeads is null or > 0, $"keyValueHeads must be at least 1; it is {recipe.KeyValueHeads}");
        Require(recipe.HeadSize is null or > 0, $"headSize must be at least 1; it is {recipe.HeadSize}");
        Require(recipe.HiddenChannels is null or > 0, $"hiddenChannels must be at least 1; it is {recipe.HiddenChannels}");
        Require(recipe.ContextLength > 0, $"contextLength must be at least 1; it is {recipe.ContextLength}");
        Require(recipe.BatchRows is null or > 0, $"batchRows must be at least 1; it is {recipe.BatchRows}");
        Require(recipe.MicroBatchRows is null or > 0, $"microBatchRows must be at least 1; it is {recipe.MicroBatchRows}");
        Require(recipe.Steps is null or > 0, $"steps must be at least 1; it is {recipe.Steps}");
        Require(recipe.Tokens is null or > 0, $"tokens must be at least 1; it is {recipe.Tokens}");
        Require(recipe.Vocabulary > 0, $"vocabulary must be at least 1; it is {recipe.Vocabulary}");
        Require(recipe.MatrixLearningRate is null or > 0 && double.IsFinite(recipe.MatrixLearningRate ?? 0), $"matrixLearningRate must be above 0; it is {recipe.MatrixLearningRate}");
        Require(recipe.LearningRate is null or > 0 && double.IsFinite(recipe.LearningRate ?? 0), $"learningRate must be above 0; it is {recipe.LearningRate}");
        Require(recipe.WeightDecay >= 0, $"weightDecay must be at least 0; it is {recipe.WeightDecay}");
        Require(recipe.Beta1 is >= 0 and < 1, $"beta1 must be in [0, 1); it is {recipe.Beta1}");
        Require(recipe.Beta2 is >= 0 and < 1, $"beta2 must be in [0, 1); it is {recipe.Beta2}");
        Require(recipe.Momentum is >= 0 and < 1, $"momentum must be in [0, 1); it is {recipe.Momentum}");
        Require(recipe.WarmUpShare is >= 0 and <= 1, $"warmUpShare must be in [0, 1]; it is {recipe.WarmUpShare}");
        Require(recipe.DecayShare is >= 0 and <= 1, $"decayShare must be in [0, 1]; it is {recipe.DecayShare}");
        Require(recipe.FinalShare is >= 0 and <= 1, $"finalShare must be in [0, 1]; it is {recipe.FinalShare}");
        Require(recipe.GradientClip >= 0, $"gradientClip must be at least 0; it is {recipe.GradientClip}");
        Require(recipe.SpikeThreshold >= 0, $"spikeThreshold must be at least 0; it is {recipe.SpikeThreshold}");
        Require(recipe.ValidationTokens >= 0, $"validationTokens must be at least 0; it is {recipe.ValidationTokens}");
        Require(recipe.Optimizer is "muon" or "adamw", $"optimizer must be muon or adamw; it is {recipe.Optimizer}");
        Require(recipe.Architecture is "qwen3" or "qwen2" or "llama" or "gpt2", $"architecture must be qwen3, qwen2, llama or gpt2; it is {recipe.Architecture}");
        Require(recipe.ValidationShare is > 0 and < 1, $"validationShare must be between 0 and 1; it is {recipe.ValidationShare}");
        Require(recipe.Dropout is >= 0 and < 1, $"dropout must be in [0, 1); it is {recipe.Dropout}");
        Require(recipe.KeepCheckpoints > 0, $"keepCheckpoints must be at least 1; it is {recipe.KeepCheckpoints}");
        Require(recipe.ValidateEvery is null or > 0 && recipe.CheckpointEvery is null or > 0, $"validateEvery and checkpointEvery must be at least 1");
    }

    private static int DefaultMicroBatchRows(int context) => Math.Max(1, 2_048 / context);

    private static TransformerConfig ModelOfDepth(PretrainingRecipe recipe, int vocabulary, int depth)
    {
        int channels = recipe.Channels ?? 64 * depth;
        int headSize = recipe.HeadSize ?? (recipe.Heads is int given ? channels / given : Math.Min(HeadSize, channels));
        int heads = recipe.Heads ?? Math.Max(1, channels / headSize);
        if (recipe.Architecture == "gpt2")
        {
            Require(channels % heads == 0, $"gpt2 divides its channels among its heads; {channels} channels do not divide into {heads}");
            return TransformerConfig.Gpt2(vocabulary, depth, channels, heads, recipe.ContextLength) with
            {
                HiddenChannels = recipe.HiddenChannels ?? 4 * channels,
                Dropout = recipe.Dropout,
            };
        }
        var config = new TransformerConfig
        {
            VocabularySize = vocabulary,
            Channels = channels,
            Layers = depth,
            Heads = heads,
            KeyValueHeads = recipe.KeyValueHeads ?? heads,
            HeadSize = headSize,
            HiddenChannels = recipe.HiddenChannels ?? (channels * 8 / 3 + 63) / 64 * 64,
            ContextLength = recipe.ContextLength,
            Dropout = recipe.Dropout,
        };
        return recipe.Architecture switch
        {
            "llama" => config.Llama(),
            "qwen2" => config.Qwen2(),
            _ => config.Qwen3(),
        };
    }

    private static void Require(bool condition, FormattableString complaint)
    {
        if (!condition)
        {
            throw new FormatException($"recipe: {FormattableString.Invariant(complaint)}.");
        }
    }
}
