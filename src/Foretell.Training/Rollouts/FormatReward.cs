namespace Foretell.Training;

/// <summary>1 for an answer that ends by itself and, where thoughts are wanted, is thoughts between one pair of markers with a reply behind them; else 0.</summary>
/// <param name="thoughts">Whether thoughts are wanted.</param>
public sealed class FormatReward(bool thoughts) : IReward
{
    /// <inheritdoc/>
    public string Name => "format";

    /// <inheritdoc/>
    public double[] Score(IReadOnlyList<Rollout> rollouts) =>
        [.. rollouts.Select(rollout => rollout.EndedByItself && (!thoughts || ThoughtMarkers.IsWellFormed(rollout.Text)) ? 1.0 : 0.0)];
}
