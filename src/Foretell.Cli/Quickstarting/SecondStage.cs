using System.Diagnostics;
using Foretell.Data;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Training;
using Foretell.World.Doubt;

namespace Foretell.Cli.Quickstarting;

/// <summary>How much each part of the second stage does.</summary>
internal sealed record StageSizes(int Lessons, int Comparisons, long ProximalSteps, int DoubtLessons, long DoubtSteps, int ExamQuestions)
{
    /// <summary>What should take about 140 s, by its tokens, for a model of the quick start's size on two cores of an AMD EPYC (Zen 4).</summary>
    private static readonly StageSizes s_usual = new(4000, 1200, 24, 1500, 24, 100);

    /// <summary>Sizes for a share of that work, never so small that a part does nothing.</summary>
    /// <param name="share">1 for the usual sizes; at most 4 times them.</param>
    public static StageSizes Of(double share)
    {
        double factor = Math.Clamp(share, 0.02, 4);
        int Scaled(long usual, int least) => Math.Max(least, (int)(usual * factor));
        return new StageSizes(Scaled(s_usual.Lessons, 64), Scaled(s_usual.Comparisons, 64), Scaled(s_usual.ProximalSteps, 2), Scaled(s_usual.DoubtLessons, 64), Scaled(s_usual.DoubtSteps, 2), factor < 0.2 ? 20 : s_usual.ExamQuestions);
    }
}

/// <summary>A stage that a model has gone through: its name, its score, and where its run lies.</summary>
internal sealed record StageResult(string Name, StageScore Score, string? Folder, double Seconds);

/// <summary>
/// From a predictor to an assistant, for one seed: it is shown how one answers, a reward model learns from comparisons, the
/// assistant follows the reward, and it learns to doubt. After each stage it answers the same held-out questions.
/// </summary>
/// <param name="baseModel">The pretrained model's folder.</param>
/// <param name="folder">Each stage's run comes into a folder of its own below.</param>
internal sealed class SecondStage(string baseModel, Device device, StageExam exam, StageSizes sizes, string folder, ulong seed, Action<string> say)
{
    /// <summary>The share of comparisons that people get wrong.</summary>
    public const double LabelNoise = 0.1;

    /// <summary>Nats that an answer may be away from the fine-tuned model's.</summary>
    private const double KlTarget = 6;

    private const int AnswerTokens = 40;

    /// <summary>Where the assistant stands at the end.</summary>
    public string Assistant => Path.Combine(folder, "doubt-learned", "model");

    /// <summary>What the reward model got right of held-out comparisons, after <see cref="Run"/>.</summary>
    public PreferenceResult? Reward { get; private set; }

    /// <summary>Runs all stages.</summary>
    /// <param name="before">The base model's score.</param>
    public IReadOnlyList<StageResult> Run(StageScore before, CancellationToken cancellation)
    {
        var results = new List<StageResult> { new("pretrained", before, null, 0) };
        string tuned = Stage(results, "fine-tuned", path => FineTune(baseModel, path, WorldLessons.Showing(seed, sizes.Lessons), cancellation), cancellation);
        string reward = Path.Combine(folder, "reward");
        LearnReward(tuned, reward, cancellation);
        string followed = Stage(results, "reinforced", path => Follow(tuned, Path.Combine(reward, "model"), path, cancellation), cancellation);
        string shown = Path.Combine(folder, "doubt-shown");
        Timed("shown doubt", () => FineTune(followed, shown, WorldLessons.ShowingDoubt(seed, sizes.DoubtLessons), cancellation));
        Stage(results, "doubt-learned", path => Doubt(Path.Combine(shown, "model"), path, cancellation), cancellation);
        return results;
    }

    /// <summary>Runs a stage, then the exam.</summary>
    /// <returns>The stage's model.</returns>
    private string Stage(List<StageResult> results, string name, Action<string> run, CancellationToken cancellation)
    {
        string path = Path.Combine(folder, name);
        double seconds = Timed(name, () => run(path));
        string model = Path.Combine(path, "model");
        using TrainedModel trained = TrainedModel.Load(model, device, training: false);
        StageScore score = exam.Run(trained, cancellation);
        results.Add(new StageResult(name, score, path, seconds));
        say($"  {name}: answers right {score.Right}, makes up {score.MadeUp}, asks back {score.AskedBack}, sums {score.Sums}, ends by itself {score.Ended.Share:P0}");
        return model;
    }

    private double Timed(string name, Action run)
    {
        long began = Stopwatch.GetTimestamp();
        run();
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        say(FormattableString.Invariant($"  {name}: {seconds:F0} s"));
        return seconds;
    }

    private void FineTune(string from, string path, IEnumerable<ChatRecord> lessons, CancellationToken cancellation)
    {
        using TrainedModel model = TrainedModel.Load(from, device);
        ChatDataset dataset = ChatDataset.Encode(lessons, model.Chat, model.Transformer.Config.ContextLength, cancellation: cancellation);
        var wanted = new FineTuningRecipe { Epochs = 2, LearningRate = 1e-3, Seed = seed, Patience = 0, Questions = 0 };
        (IReadOnlyList<ChatExample> train, IReadOnlyList<ChatExample> heldOut) = dataset.Split(wanted.HeldOutShare, seed);
        FineTuningRecipe recipe = wanted.Resolve(model.Transformer.Config, sized => SupervisedFineTuning.Batches(sized, train, 0));
        Require(new SupervisedFineTuning(recipe, model, train, heldOut, path).Run(cancellation: cancellation).IsFinished, cancellation);
    }

    private void LearnReward(string from, string path, CancellationToken cancellation)
    {
        using TrainedModel model = TrainedModel.Load(from, device);
        var recipe = new RewardRecipe { LearningRate = 5e-4, HeadLearningRate = 5e-3, BatchRows = 32, Epochs = 1, HeldOutRows = 200, Seed = seed };
        PreferenceSet comparisons = PreferenceSet.Of(WorldLessons.Comparisons(seed, sizes.Comparisons, LabelNoise));
        Timed("reward model", () =>
        {
            Reward = new RewardModeling(recipe, model, comparisons, path).Run(cancellation: cancellation);
            Require(Reward.IsFinished, cancellation);
        });
    }

    private void Follow(string from, string rewardModel, string path, CancellationToken cancellation)
    {
        using TrainedModel policy = TrainedModel.Load(from, device);
        using TrainedModel values = TrainedModel.Load(from, device);
        using TrainedModel reference = TrainedModel.Load(from, device, training: false);
        using var head = new ScalarHead(values.Transformer.Config.Channels, device, training: true);
        using RewardModel judge = RewardModel.Load(rewardModel, device);
        var recipe = new ProximalRecipe
        {
            Steps = sizes.ProximalSteps,
            PromptsPerStep = 64,
            MaximumTokens = AnswerTokens,
            LearningRate = 3e-4,
            ValueLearningRate = 1e-3,
            KlCoefficient = 0.05,
            KlTarget = KlTarget,
            EvaluateEvery = sizes.ProximalSteps,
            CheckpointEvery = sizes.ProximalSteps,
            VerdictWeight = 0,
            MissingEndReward = -3,
            Seed = seed,
        };
        var task = new ReinforcementTask(new PreferencePrompts(seed, policy), new RewardSum((new RewardModelReward("reward model", judge, policy), 1))) { Inputs = "quickstart" };
        Require(new ProximalPolicy(recipe, policy, values.Transformer, head, reference.Transformer, task, path).Run(cancellation: cancellation).IsFinished, cancellation);
    }

    private void Doubt(string from, string path, CancellationToken cancellation)
    {
        using TrainedModel policy = TrainedModel.Load(from, device);
        var recipe = new GroupRelativeRecipe
        {
            Steps = sizes.DoubtSteps,
            PromptsPerStep = 16,
            Samples = 8,
            MaximumTokens = AnswerTokens,
            LearningRate = 3e-4,
            Advantage = AdvantageKind.Centered,
            LossScale = LossScale.Constant,
            KlCoefficient = 0,
            EvaluateEvery = sizes.DoubtSteps,
            CheckpointEvery = sizes.DoubtSteps,
            Seed = seed,
        };
        var prompts = new DoubtPrompts(seed, policy);
        var task = new ReinforcementTask(prompts, new RewardSum((new DoubtRolloutReward(prompts, new DoubtReward()), 1))) { Inputs = "quickstart" };
        Require(new GroupRelativePolicy(recipe, policy, null, task, path).Run(cancellation: cancellation).IsFinished, cancellation);
    }

    /// <summary>A stage that was interrupted has saved itself; the ones behind it cannot begin.</summary>
    private static void Require(bool finished, CancellationToken cancellation)
    {
        if (!finished)
        {
            throw new OperationCanceledException(cancellation);
        }
    }
}
