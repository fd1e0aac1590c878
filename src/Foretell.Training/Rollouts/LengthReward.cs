namespace Foretell.Training;

/// <summary>
/// A punishment of answers that come near the limit: 0 up to limit - margin tokens, from there falling in a straight line to
/// -1 at the limit (the soft overlong punishment of DAPO, Yu et al. 2025, <see href="https://arxiv.org/abs/2503.14476"/>).
/// </summary>
/// <param name="limit">The most tokens of an answer.</param>
/// <param name="margin">Tokens before the limit from which it counts, in [1, limit].</param>
public sealed class LengthReward(int limit, int margin) : IReward
{
    /// <inheritdoc/>
    public string Name => "length";

    /// <inheritdoc/>
    public double[] Score(IReadOnlyList<Rollout> rollouts) =>
        [.. rollouts.Select(rollout => -Math.Clamp((rollout.Answer.Length - (limit - margin)) / (double)margin, 0, 1))];
}
