namespace Foretell.Training;

/// <summary>Says how good answers are.</summary>
public interface IReward
{
    /// <summary>A short name for logs and reports, such as <c>verdict</c>.</summary>
    string Name { get; }

    /// <summary>Scores answers; larger is better.</summary>
    /// <returns>[rollouts], each finite.</returns>
    double[] Score(IReadOnlyList<Rollout> rollouts);
}
