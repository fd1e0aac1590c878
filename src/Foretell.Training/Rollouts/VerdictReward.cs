using Foretell.World.Environments;

namespace Foretell.Training;

/// <summary>1 for an answer that the problem's own verifier finds right, else 0. What was thought does not count.</summary>
/// <param name="environments">Those whose problems are asked.</param>
public sealed class VerdictReward(IEnumerable<IEnvironment> environments) : IReward
{
    private readonly Dictionary<string, IEnvironment> _environments = environments.ToDictionary(environment => environment.Name);

    /// <inheritdoc/>
    public string Name => "verdict";

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A prompt asks no problem, or one of another environment.</exception>
    public double[] Score(IReadOnlyList<Rollout> rollouts) => [.. rollouts.Select(rollout => Judge(rollout).IsRight ? 1.0 : 0.0)];

    /// <summary>What the verifier says of an answer.</summary>
    /// <inheritdoc cref="Score" path="exception"/>
    public Verdict Judge(Rollout rollout)
    {
        Problem problem = rollout.Prompt.Problem ?? throw new ArgumentException("A verdict needs a problem, and the prompt asks none; use another reward for prompts from files.");
        return _environments.TryGetValue(problem.Environment, out IEnvironment? environment)
            ? environment.Verify(problem, rollout.Reply)
            : throw new ArgumentException($"A verdict was asked for a problem of {problem.Environment}; this reward knows {string.Join(", ", _environments.Keys)}.");
    }
}
