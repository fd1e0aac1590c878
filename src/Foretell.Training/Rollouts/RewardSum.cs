namespace Foretell.Training;

/// <summary>Scores of some answers.</summary>
/// <param name="Total">[rollouts].</param>
/// <param name="Parts">By the reward's name, [rollouts], before their weights.</param>
public sealed record RewardTable(double[] Total, IReadOnlyDictionary<string, double[]> Parts)
{
    /// <summary>These scores and behind them others of the same rewards.</summary>
    public RewardTable With(RewardTable more) => new([.. Total, .. more.Total], Parts.ToDictionary(part => part.Key, part => (double[])[.. part.Value, .. more.Parts[part.Key]]));
}

/// <summary>A weighted sum of rewards, whose parts stay visible.</summary>
public sealed class RewardSum
{
    private const int ShownCharacters = 60;

    private readonly (IReward Reward, double Weight)[] _parts;

    /// <param name="parts">Rewards of different names, at least one, with their weights.</param>
    /// <exception cref="ArgumentException">There is none, a weight is not finite, or a name occurs twice.</exception>
    public RewardSum(params ReadOnlySpan<(IReward Reward, double Weight)> parts)
    {
        _parts = [.. parts];
        var names = new HashSet<string>();
        foreach ((IReward reward, double weight) in _parts)
        {
            if (!double.IsFinite(weight) || !names.Add(reward.Name))
            {
                throw new ArgumentException(FormattableString.Invariant($"The reward {reward.Name} has the weight {weight} or occurs twice; each is named once with a finite weight."));
            }
        }
        if (_parts.Length == 0)
        {
            throw new ArgumentException("Learning from rewards needs at least one reward.");
        }
    }

    /// <summary>The names of the parts.</summary>
    public IEnumerable<string> Names => _parts.Select(part => part.Reward.Name);

    /// <summary>Scores answers.</summary>
    /// <exception cref="InvalidDataException">A reward is not a finite number; the message names the row.</exception>
    public RewardTable Score(IReadOnlyList<Rollout> rollouts)
    {
        double[] total = new double[rollouts.Count];
        var parts = new Dictionary<string, double[]>();
        foreach ((IReward reward, double weight) in _parts)
        {
            double[] scores = reward.Score(rollouts);
            if (scores.Length != rollouts.Count)
            {
                throw new InvalidDataException(FormattableString.Invariant($"The reward {reward.Name} gave {scores.Length} scores for {rollouts.Count} answers."));
            }
            for (int i = 0; i < scores.Length; i++)
            {
                if (!double.IsFinite(scores[i]))
                {
                    throw new InvalidDataException(FormattableString.Invariant($"The reward {reward.Name} of row {i} is {scores[i]}, where a finite number was expected (asked \"{Shown(rollouts[i].Prompt.Messages.Count > 0 ? rollouts[i].Prompt.Messages[^1].Content : "")}\", answered \"{Shown(rollouts[i].Text)}\"); mend the reward and resume."));
                }
                total[i] += weight * scores[i];
            }
            parts[reward.Name] = scores;
        }
        return new RewardTable(total, parts);
    }

    private static string Shown(string? text)
    {
        string line = (text ?? "").ReplaceLineEndings(" ");
        return line.Length <= ShownCharacters ? line : line[..ShownCharacters] + "...";
    }
}
