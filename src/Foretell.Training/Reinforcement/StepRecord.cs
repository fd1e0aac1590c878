using System.Diagnostics;

namespace Foretell.Training;

/// <summary>
/// The numbers of one step, defined once for all algorithms. Means are over the answers of the step:
/// reward and its parts (reward.NAME), rewardDeviation, deadGroups (share of prompts whose answers all have the same reward), length in
/// tokens, ended (share that the model ended), entropy (nats a token: minus the mean log-probability of the tokens drawn, which is
/// an unbiased estimate), kl (nats an answer to the reference: the sum of its tokens' <see cref="Divergence.Plain"/>, since one
/// token that the reference likes far better can throw the other estimate off by a hundred nats), clipped (share of tokens whose ratio was cut, over all updates), gradientNorm (mean, before
/// clipping), mismatch (the largest difference between a rollout's log-probability and the trainer's before the first update,
/// which must be 0), and where the time went.
/// </summary>
internal sealed class StepRecord
{
    private readonly Dictionary<string, double> _values = new(StringComparer.Ordinal);
    private long _clipped;
    private long _counted;
    private double _norms;
    private int _updates;
    private double _mismatch;

    public IReadOnlyDictionary<string, double> Values => _values;

    /// <summary>Runs a part of the step and remembers how long it took.</summary>
    /// <param name="part">"rollout", "reward" or "learning".</param>
    public T Time<T>(string part, Func<T> work)
    {
        long began = Stopwatch.GetTimestamp();
        T result = work();
        string name = part + "Seconds";
        _values[name] = _values.GetValueOrDefault(name) + Stopwatch.GetElapsedTime(began).TotalSeconds;
        return result;
    }

    /// <inheritdoc cref="Time{T}"/>
    public void Time(string part, Action work) => Time(part, () =>
    {
        work();
        return true;
    });

    public void Set(string name, double value) => _values[name] = value;

    /// <summary>Counts everything that was sampled in the step, whether or not it is learned from.</summary>
    public void Count(IReadOnlyList<IReadOnlyList<Rollout>> groups, RewardTable rewards)
    {
        Rollout[] rollouts = [.. groups.SelectMany(group => group)];
        double mean = rewards.Total.Average();
        _values["reward"] = mean;
        _values["rewardDeviation"] = Math.Sqrt(rewards.Total.Average(reward => (reward - mean) * (reward - mean)));
        foreach ((string name, double[] scores) in rewards.Parts)
        {
            _values["reward." + name] = scores.Average();
        }
        int dead = 0;
        int place = 0;
        foreach (IReadOnlyList<Rollout> group in groups)
        {
            dead += GroupAdvantages.AreEqual(rewards.Total.AsSpan(place, group.Count)) ? 1 : 0;
            place += group.Count;
        }
        if (groups.Any(group => group.Count > 1))
        {
            _values["deadGroups"] = dead / (double)groups.Count;
        }
        double tokens = rollouts.Sum(rollout => (double)rollout.Answer.Length);
        _values["length"] = tokens / rollouts.Length;
        _values["ended"] = rollouts.Count(rollout => rollout.EndedByItself) / (double)rollouts.Length;
        _values["entropy"] = -rollouts.Sum(rollout => rollout.LogProbabilities.Sum(value => (double)value)) / tokens;
        _values["answers"] = rollouts.Length;
        _values["tokensPerSecond"] = tokens / Math.Max(_values.GetValueOrDefault("rolloutSeconds"), 1e-9);
    }

    /// <summary>Divergence of the answers from the reference.</summary>
    /// <param name="reference">By answer, in <see cref="SequenceGradient"/>'s form.</param>
    /// <returns>kl.</returns>
    public double CountDivergence(IReadOnlyList<Rollout> rollouts, IReadOnlyList<float[]> reference)
    {
        double sum = 0;
        for (int i = 0; i < rollouts.Count; i++)
        {
            Rollout rollout = rollouts[i];
            for (int token = 0; token < rollout.Answer.Length; token++)
            {
                sum += Divergence.Plain(rollout.LogProbabilities[token], reference[i][rollout.First + token]);
            }
        }
        _values["kl"] = sum / rollouts.Count;
        return sum / rollouts.Count;
    }

    public void CountToken(bool clipped)
    {
        _counted++;
        _clipped += clipped ? 1 : 0;
    }

    /// <summary>Holds a token's log-probability in training against that of the rollout; called before the first update.</summary>
    public void CountMismatch(double trainer, double rollout) => _mismatch = Math.Max(_mismatch, Math.Abs(trainer - rollout));

    public void CountUpdate(double gradientNorm)
    {
        _updates++;
        _norms += gradientNorm;
    }

    /// <summary>Sums up what was counted.</summary>
    public void Finish()
    {
        _values["updates"] = _updates;
        if (_updates > 0)
        {
            _values["gradientNorm"] = _norms / _updates;
        }
        if (_counted > 0)
        {
            _values["clipped"] = _clipped / (double)_counted;
            _values["mismatch"] = _mismatch;
        }
    }
}
