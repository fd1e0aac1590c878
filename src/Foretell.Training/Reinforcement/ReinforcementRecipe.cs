using Foretell.Nn.Optimizers;

namespace Foretell.Training;

/// <summary>What the recipes of learning from rewards share: the task, the rewards, the rollouts, the optimizer, and how often to look.</summary>
public abstract record ReinforcementRecipe
{
    /// <summary>What is asked: environments with levels, as in <c>arithmetic:2</c> or <c>sorting:1-3</c>; <c>training</c> for all that may be trained on.</summary>
    public IReadOnlyList<string> Environments { get; init; } = [];

    /// <summary>Environments that are only measured on, in the same form; <c>heldout</c> for all that are never trained on.</summary>
    public IReadOnlyList<string> HeldOutEnvironments { get; init; } = [];

    /// <summary>Weight of the verifier's verdict, 1 for a right answer and 0 for a wrong one.</summary>
    public double VerdictWeight { get; init; } = 1;

    /// <summary>Weight of 1 for an answer of the wanted form: it ends by itself and, where <see cref="Thoughts"/> are wanted, thinks between one pair of markers.</summary>
    public double FormatWeight { get; init; }

    /// <summary>Whether the form wants thoughts.</summary>
    public bool Thoughts { get; init; } = true;

    /// <summary>Weight of the punishment of answers near the limit, which falls from 0 to -1 over <see cref="LengthMargin"/> tokens.</summary>
    public double LengthWeight { get; init; }

    /// <summary>Tokens before the limit from which length is punished; at least 1.</summary>
    public int LengthMargin { get; init; } = 32;

    /// <summary>Weight of the reward model's score, where there is one.</summary>
    public double RewardModelWeight { get; init; } = 1;

    /// <summary>Steps, each of rollouts and what is learned from them.</summary>
    public long Steps { get; init; } = 200;

    /// <summary>Prompts of a step; at least 1.</summary>
    public int PromptsPerStep { get; init; } = 16;

    /// <summary>Answers to each prompt, in [1, 128].</summary>
    public int Samples { get; init; } = 8;

    /// <summary>The most tokens of an answer, the one that ends it included.</summary>
    public int MaximumTokens { get; init; } = 128;

    /// <summary>Answers written at once; the result does not depend on it.</summary>
    public int Concurrency { get; init; } = 128;

    /// <summary>Times that a step's rollouts are learned from; at least 1.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>Parts that each epoch goes through, each with an update of its own; at least 1.</summary>
    public int Minibatches { get; init; } = 1;

    /// <summary>How far a token's probability ratio may fall below 1 before it no longer counts.</summary>
    public double ClipLow { get; init; } = 0.2;

    /// <summary>How far a token's probability ratio may rise above 1 before it no longer counts.</summary>
    public double ClipHigh { get; init; } = 0.2;

    /// <summary>Peak learning rate of the policy.</summary>
    public double LearningRate { get; init; } = 1e-5;

    /// <summary>Decay of AdamW's first moment.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of AdamW's second moment.</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <summary>Decoupled weight decay.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Steps in which the rate rises.</summary>
    public long WarmUpSteps { get; init; } = 5;

    /// <summary>Share of the steps in which the rate falls.</summary>
    public double DecayShare { get; init; }

    /// <summary>Share of the peak rate left at the end.</summary>
    public double FinalShare { get; init; }

    /// <summary>The gradient's norm is cut to this; 0 never cuts.</summary>
    public double GradientClip { get; init; } = 1;

    /// <summary>Seed of prompts, draws and the order of learning.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Steps between measurements on held-out problems; the first and the last step are always measured.</summary>
    public long EvaluateEvery { get; init; } = 20;

    /// <summary>Held-out problems of each level that are measured.</summary>
    public int EvaluationProblems { get; init; } = 64;

    /// <summary>Steps between checkpoints; the last step always has one.</summary>
    public long CheckpointEvery { get; init; } = 20;

    /// <summary>Checkpoints kept.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>The learning rate over the run, as a share of its peak.</summary>
    internal LearningRateSchedule Schedule() => new() { Steps = Steps, WarmUpSteps = WarmUpSteps, DecayShare = DecayShare, FinalShare = FinalShare };

    internal AdamWOptions AdamW(double learningRate) => new() { LearningRate = learningRate, Beta1 = Beta1, Beta2 = Beta2, WeightDecay = WeightDecay };

    internal RolloutOptions Rollouts() => new() { Samples = Samples, MaximumTokens = MaximumTokens, Concurrency = Concurrency };

    /// <summary>Throws one sentence that names the first setting out of its range.</summary>
    /// <exception cref="FormatException">A setting is out of its range.</exception>
    public virtual void Validate()
    {
        Require(Steps >= 1, $"steps must be at least 1; they are {Steps}");
        Require(PromptsPerStep >= 1, $"promptsPerStep must be at least 1; it is {PromptsPerStep}");
        Require(Samples is >= 1 and <= Inference.GenerationRequest.MostChoices, $"samples must be in [1, {Inference.GenerationRequest.MostChoices}]; they are {Samples}");
        Require(MaximumTokens >= 1, $"maximumTokens must be at least 1; it is {MaximumTokens}");
        Require(Concurrency >= 1, $"concurrency must be at least 1; it is {Concurrency}");
        Require(Epochs >= 1 && Minibatches >= 1, $"epochs and minibatches must be at least 1; they are {Epochs} and {Minibatches}");
        Require(ClipLow is > 0 and <= 1 && ClipHigh > 0 && double.IsFinite(ClipHigh), $"clipLow must be in (0, 1] and clipHigh above 0; they are {ClipLow} and {ClipHigh}");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), $"learningRate must be above 0; it is {LearningRate}");
        Require(Beta1 is >= 0 and < 1 && Beta2 is >= 0 and < 1, $"beta1 and beta2 must be in [0, 1); they are {Beta1} and {Beta2}");
        Require(WarmUpSteps >= 0 && DecayShare is >= 0 and <= 1 && FinalShare is >= 0 and <= 1, $"warmUpSteps must be at least 0, decayShare and finalShare in [0, 1]; they are {WarmUpSteps}, {DecayShare} and {FinalShare}");
        Require(WeightDecay >= 0 && GradientClip >= 0, $"weightDecay and gradientClip must be at least 0; they are {WeightDecay} and {GradientClip}");
        Require(LengthMargin >= 1, $"lengthMargin must be at least 1; it is {LengthMargin}");
        Require(EvaluateEvery >= 1 && CheckpointEvery >= 1 && KeepCheckpoints >= 1 && EvaluationProblems >= 1, $"evaluateEvery, checkpointEvery, keepCheckpoints and evaluationProblems must be at least 1; they are {EvaluateEvery}, {CheckpointEvery}, {KeepCheckpoints} and {EvaluationProblems}");
    }

    private protected static void Require(bool condition, FormattableString complaint)
    {
        if (!condition)
        {
            throw new FormatException($"recipe: {FormattableString.Invariant(complaint)}.");
        }
    }
}
