using Foretell.Tensors;
using Foretell.World;

namespace Foretell.Training;

/// <summary>How many of some problems were answered rightly.</summary>
/// <param name="Name">Such as <c>arithmetic:2</c>.</param>
/// <param name="IsHeldOut">Whether its environment is never trained on.</param>
public sealed record LevelScore(string Name, bool IsHeldOut, int Right, int Asked)
{
    /// <summary>In [0, 1].</summary>
    public double Accuracy => Right / (double)Asked;
}

/// <summary>What was measured at a point of a run.</summary>
/// <param name="Levels">By environment and level; may be empty.</param>
/// <param name="Judge">The judge's mean score; null without one.</param>
/// <param name="WinRate">How often the judge prefers the policy's answer to the reference's, draws counting half; null without a judge or a reference.</param>
/// <param name="Samples">A few answers, for the report.</param>
public sealed record EvaluationResult(IReadOnlyList<LevelScore> Levels, double? Judge, double? WinRate, IReadOnlyList<Rollout> Samples)
{
    /// <summary>Mean accuracy on held-out problems of the trained environments; null when there are none.</summary>
    public double? Trained => Mean(isHeldOut: false);

    /// <summary>Mean accuracy on environments that are never trained on; null when there are none.</summary>
    public double? HeldOut => Mean(isHeldOut: true);

    /// <summary>Standard error of <see cref="Judge"/>; null without one.</summary>
    public double? JudgeError { get; init; }

    /// <summary>Standard error of <see cref="Trained"/>.</summary>
    public double? TrainedError => Error(isHeldOut: false);

    /// <summary>Standard error of <see cref="HeldOut"/>.</summary>
    public double? HeldOutError => Error(isHeldOut: true);

    /// <summary>Of the mean of the levels' shares, each taken as one right and one wrong answer nearer to the middle, so that none is without error.</summary>
    private double? Error(bool isHeldOut)
    {
        LevelScore[] levels = [.. Levels.Where(level => level.IsHeldOut == isHeldOut)];
        return levels.Length == 0 ? null : Math.Sqrt(levels.Sum(level =>
        {
            double share = (level.Right + 1.0) / (level.Asked + 2.0);
            return share * (1 - share) / level.Asked;
        })) / levels.Length;
    }

    private double? Mean(bool isHeldOut) => Levels.Where(level => level.IsHeldOut == isHeldOut).Select(level => (double?)level.Accuracy).Average();
}

/// <summary>
/// Measures a policy on what it never trains on: held-out problems of the trained environments (answered by the likeliest
/// tokens), whole environments that are held out, and the opinion of a judge that gives no reward.
/// </summary>
public sealed class HeldOutEvaluation
{
    private double[]? _referenceScores;

    /// <summary>Levels whose training problems are trained on.</summary>
    public IReadOnlyList<EnvironmentLevel> Trained { get; init; } = [];

    /// <summary>Levels of environments that are never trained on.</summary>
    public IReadOnlyList<EnvironmentLevel> HeldOut { get; init; } = [];

    /// <summary>Problems of each level, or prompts for the judge.</summary>
    public int Problems { get; init; } = 64;

    /// <summary>Prompts that are never trained on, whose answers the judge scores; null to let it score the answers to the trained levels' problems.</summary>
    public IPromptSource? Prompts { get; init; }

    /// <summary>Another reward model, or anything that scores answers and that the policy is not trained on; null for none.</summary>
    public IReward? Judge { get; init; }

    /// <summary>What the policy was before: its answers to the judge's prompts are compared with the policy's. Null for no comparison.</summary>
    public TrainedModel? Reference { get; init; }

    /// <summary>What stands in reports for what the judge scores.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Measures.</summary>
    /// <param name="options">Its limits; samples and temperature are the measurement's own.</param>
    public EvaluationResult Measure(TrainedModel policy, RolloutOptions options, CancellationToken cancellation = default)
    {
        (EnvironmentLevel Level, bool IsHeldOut)[] levels = [.. Trained.Select(level => (level, false)), .. HeldOut.Select(level => (level, true))];
        RolloutPrompt[] problems = [.. levels.SelectMany(entry => Ask(new EnvironmentPrompts([entry.Level], policy.Template, policy.Tokenizer, Seed, WorldSplit.HeldOut)))];
        Rollout[] answers = Answers(policy, problems, options with { Samples = 1, Temperature = 0 }, cancellation);
        var verdict = new VerdictReward(levels.Select(entry => entry.Level.Environment).Distinct());
        double[] right = verdict.Score(answers);
        var scores = new List<LevelScore>();
        for (int i = 0; i < levels.Length; i++)
        {
            scores.Add(new LevelScore(levels[i].Level.ToString(), levels[i].IsHeldOut, (int)right.AsSpan(i * Problems, Problems).ToArray().Sum(), Problems));
        }
        Rollout[] judged = Prompts is null ? answers[..(Trained.Count * Problems)] : Judge is null ? [] : Answers(policy, Ask(Prompts), options with { Samples = 1, Temperature = 1 }, cancellation);
        double[]? opinions = Judge is null || judged.Length == 0 ? null : new RewardSum((Judge, 1)).Score(judged).Total;
        return new EvaluationResult(scores, opinions?.Average(), opinions is null ? null : WinRate(opinions, options, cancellation), Samples(levels.Length > 0 ? answers : judged, Math.Max(1, levels.Length)))
        {
            JudgeError = opinions is null ? null : Math.Sqrt(opinions.Average(score => (score - opinions.Average()) * (score - opinions.Average())) / opinions.Length),
        };
    }

    private RolloutPrompt[] Ask(IPromptSource source) => [.. Enumerable.Range(0, Problems).Select(index => source.At(index))];

    private Rollout[] Answers(TrainedModel model, RolloutPrompt[] prompts, RolloutOptions options, CancellationToken cancellation) =>
        [.. new RolloutCollector(model.Transformer, model.Tokenizer, model.Generation.EndIds).Collect(prompts, options, new SeededRandom(Seed).Fork("evaluation").NextBits(), cancellation).SelectMany(group => group)];

    private double? WinRate(double[] opinions, RolloutOptions options, CancellationToken cancellation)
    {
        if (Reference is null || Prompts is null)
        {
            return null;
        }
        // The same seed gives both models the same draws; the reference's answers never change.
        _referenceScores ??= new RewardSum((Judge!, 1)).Score(Answers(Reference, Ask(Prompts), options with { Samples = 1, Temperature = 1 }, cancellation)).Total;
        return opinions.Zip(_referenceScores, (policy, reference) => policy > reference ? 1 : policy == reference ? 0.5 : 0).Average();
    }

    /// <summary>The first answer of each level, or a few of the judged.</summary>
    private Rollout[] Samples(Rollout[] answers, int levels)
    {
        const int MostOfOne = 3;
        return levels == 1 ? answers[..Math.Min(answers.Length, MostOfOne)] : [.. Enumerable.Range(0, levels).Select(level => answers[level * Problems])];
    }
}
