namespace Foretell.Nn.Optimizers;

/// <summary>How the learning rate falls after the warm-up.</summary>
public enum DecayShape
{
    /// <summary>Constant until the last part of training, then in a straight line (warm-up, stable, decay).</summary>
    Linear,

    /// <summary>Half a cosine over the last part of training.</summary>
    Cosine,
}

/// <summary>The learning rate as a share of its peak: a straight rise, a plateau, a fall.</summary>
public sealed record LearningRateSchedule
{
    /// <summary>Steps of the whole training.</summary>
    public required long Steps { get; init; }

    /// <summary>Steps of the rise; 0 for none.</summary>
    public long WarmUpSteps { get; init; }

    public DecayShape Shape { get; init; } = DecayShape.Linear;

    /// <summary>Share of the steps in which it falls, in [0, 1]: 1 falls from the end of the warm-up on.</summary>
    public double DecayShare { get; init; } = 0.5;

    /// <summary>The share of the peak that is left at the end, in [0, 1].</summary>
    public double FinalShare { get; init; }

    /// <summary>The share of the peak at a step, from 0.</summary>
    public double At(long step)
    {
        if (step < WarmUpSteps)
        {
            return (step + 1.0) / (WarmUpSteps + 1.0);
        }
        double decaySteps = Math.Min(Steps * DecayShare, Steps - WarmUpSteps);
        double done = decaySteps <= 0 ? 0 : Math.Clamp((step - (Steps - decaySteps)) / decaySteps, 0, 1);
        double left = Shape == DecayShape.Cosine ? 0.5 * (1 + Math.Cos(Math.PI * done)) : 1 - done;
        return FinalShare + (1 - FinalShare) * left;
    }
}
