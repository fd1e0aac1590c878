using Foretell.Nn.Optimizers;

namespace Foretell.Training;

/// <summary>What happens to a row whose conversation is longer than the model may read.</summary>
public enum TooLong
{
    /// <summary>It is left out, and counted in a warning.</summary>
    Drop,

    /// <summary>The oldest turns behind the system's are left out until it fits; what still does not is left out whole. Both are counted.</summary>
    Cut,

    /// <summary>The run does not begin; the message names the row.</summary>
    Refuse,
}

/// <summary>What all algorithms of preferences have in common; with model, data and kernels it decides the result to the bit.</summary>
public abstract record PreferenceRecipe
{
    /// <summary>Peak rate of AdamW, above 0.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>How often each row is learned from, above 0; ignored where <see cref="Steps"/> is given.</summary>
    public double Epochs { get; init; } = 1;

    /// <summary>Optimizer steps; null for as many as the epochs take.</summary>
    public long? Steps { get; init; }

    /// <summary>Rows (comparisons or labelled answers) of a step, at least 1.</summary>
    public int BatchRows { get; init; } = 16;

    /// <summary>Share of the steps in which the rate rises, in [0, 1].</summary>
    public double WarmUpShare { get; init; } = 0.1;

    /// <summary>How the rate falls behind that.</summary>
    public DecayShape Decay { get; init; } = DecayShape.Linear;

    /// <summary>Share of the peak rate left at the end, in [0, 1].</summary>
    public double FinalShare { get; init; }

    /// <summary>Decoupled weight decay of matrices and embeddings, at least 0.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Decay of AdamW's second moment, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <summary>The gradient's norm is cut to this; 0 never cuts.</summary>
    public double GradientClip { get; init; } = 1;

    /// <summary>Share of the rows that are measured on and never learned from, whole prompts at a time; in [0, 1).</summary>
    public double HeldOutShare { get; init; } = 0.1;

    /// <summary>The most held-out rows that are measured, at least 1.</summary>
    public int HeldOutRows { get; init; } = 512;

    /// <summary>Steps between measurements; null for a tenth of the run. The last step is always measured.</summary>
    public long? MeasureEvery { get; init; }

    /// <summary>Steps between checkpoints; null for a fifth of the run. The last step always has one.</summary>
    public long? CheckpointEvery { get; init; }

    /// <summary>Checkpoints kept, at least 1.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>The most tokens of a prompt with its answer; null for the model's context length.</summary>
    public int? MaximumTokens { get; init; }

    /// <summary>What happens to longer ones.</summary>
    public TooLong TooLong { get; init; } = TooLong.Drop;

    /// <summary>Tokens that go through the model at once; the result does not depend on it.</summary>
    public int TokensAtOnce { get; init; } = SequenceGradient.RowsAtOnce;

    /// <summary>Seed of the split and the order.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Holds that every value is in its range.</summary>
    /// <exception cref="FormatException">One is not; the message names it.</exception>
    public virtual void Validate()
    {
        Require(LearningRate > 0, "learningRate", LearningRate, "above 0");
        Require(Epochs > 0, "epochs", Epochs, "above 0");
        Require(Steps is null or > 0, "steps", Steps ?? 0, "at least 1");
        Require(BatchRows >= 1, "batchRows", BatchRows, "at least 1");
        Require(WarmUpShare is >= 0 and <= 1, "warmUpShare", WarmUpShare, "in [0, 1]");
        Require(FinalShare is >= 0 and <= 1, "finalShare", FinalShare, "in [0, 1]");
        Require(WeightDecay >= 0, "weightDecay", WeightDecay, "at least 0");
        Require(Beta2 is >= 0 and < 1, "beta2", Beta2, "in [0, 1)");
        Require(GradientClip >= 0, "gradientClip", GradientClip, "at least 0");
        Require(HeldOutShare is >= 0 and < 1, "heldOutShare", HeldOutShare, "in [0, 1)");
        Require(HeldOutRows >= 1, "heldOutRows", HeldOutRows, "at least 1");
        Require(MeasureEvery is null or > 0, "measureEvery", MeasureEvery ?? 0, "at least 1");
        Require(CheckpointEvery is null or > 0, "checkpointEvery", CheckpointEvery ?? 0, "at least 1");
        Require(KeepCheckpoints >= 1, "keepCheckpoints", KeepCheckpoints, "at least 1");
        Require(MaximumTokens is null or >= 2, "maximumTokens", MaximumTokens ?? 0, "at least 2");
        Require(TokensAtOnce >= 1, "tokensAtOnce", TokensAtOnce, "at least 1");
    }

    /// <summary>Throws the sentence about a value out of its range.</summary>
    protected static void Require(bool condition, string name, double value, string wanted)
    {
        if (!condition)
        {
            throw new FormatException(FormattableString.Invariant($"recipe: \"{name}\" is {value}; it must be {wanted}."));
        }
    }
}
