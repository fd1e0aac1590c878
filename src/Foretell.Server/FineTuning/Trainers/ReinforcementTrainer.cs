using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Server.FineTuning.Graders;
using Foretell.Tensors;
using Foretell.Training;
using Foretell.Training.Reports;

namespace Foretell.Server.FineTuning.Trainers;

/// <summary>
/// The method <c>reinforcement</c>: <see cref="GroupRelativePolicy"/> on prompts that the model answers and a grader judges
/// (<see href="https://platform.openai.com/docs/guides/reinforcement-fine-tuning"/>).
/// </summary>
internal sealed class ReinforcementTrainer : IJobTrainer
{
    private const double ChosenEpochs = 3;
    private const int LargestChosenBatch = 16;
    private const int AnswersOfAPrompt = 8;
    private const int LongestAnswer = 256;
    private const int PromptsMeasured = 32;

    /// <summary>Of the peak rate, times the model's channels: a tenth of what conversations are learned at.</summary>
    private const double RateOfChannels = 0.02;

    public string Method => "reinforcement";

    public JsonObject CheckSettings(JsonObject settings)
    {
        TrainerSettings.RequireKnown(Method, settings, "hyperparameters", "grader");
        StringCheckGrader.Read(settings["grader"]);
        return new JsonObject
        {
            ["grader"] = settings["grader"]!.DeepClone(),
            ["hyperparameters"] = new Hyperparameters(Method, settings)
                .Whole("n_epochs", 1, 50).Whole("batch_size", 1, 256).Number("learning_rate_multiplier", 1e-4, 1e4)
                .Number("compute_multiplier", 0.25, 10).Whole("eval_interval", 1, 1000).Whole("eval_samples", 1, 1000)
                .Checked(),
        };
    }

    public void CheckExample(JsonElement example, JsonObject settings) => GradedPrompts.Check(example, StringCheckGrader.Read(settings["grader"]));

    public JobOutcome Train(JobTask task, IJobWatcher watcher, CancellationToken cancellation)
    {
        using Device device = TrainerSettings.Device(task);
        using TrainedModel policy = TrainedModel.Load(task.BaseModel, device, addMarkers: true);
        using TrainedModel reference = TrainedModel.Load(task.BaseModel, device, training: false, addMarkers: true);
        StringCheckGrader grader = StringCheckGrader.Read(task.Settings["grader"]);
        int context = policy.Transformer.Config.ContextLength;
        int longestAnswer = Math.Min(LongestAnswer, context / 2);
        var prompts = new GradedPrompts(task.TrainingFile, grader, policy.Template, policy.Tokenizer, context - longestAnswer, task.Seed);
        GradedPrompts? heldOut = task.ValidationFile is null ? null : new GradedPrompts(task.ValidationFile, grader, policy.Template, policy.Tokenizer, context - longestAnswer, task.Seed);
        GroupRelativeRecipe recipe = Recipe(task, prompts.Count, policy.Transformer.Config.Channels, longestAnswer);
        watcher.Told(FormattableString.Invariant($"{prompts.Count} prompts, {recipe.Steps} steps of {recipe.PromptsPerStep} prompts with {recipe.Samples} answers of up to {recipe.MaximumTokens} tokens, learning rate {recipe.LearningRate:G3}."));
        var work = new ReinforcementTask(prompts, new RewardSum((prompts, 1)))
        {
            Inputs = ModelFingerprint.Of(reference.Transformer),
            Evaluation = heldOut is null ? null : new HeldOutEvaluation
            {
                Prompts = heldOut,
                Judge = heldOut,
                Problems = (int)(Hyperparameters.Of(task.Settings, "eval_samples") ?? Math.Min(PromptsMeasured, heldOut.Count)),
                Seed = task.Seed,
            },
        };
        var watch = new StepWatch<ReinforcementProgress>(step => Report(step, watcher));
        ReinforcementResult result = new GroupRelativePolicy(recipe, policy, reference.Transformer, work, task.Folder).Run(watch, cancellation);
        if (!result.IsFinished)
        {
            throw new OperationCanceledException(cancellation);
        }
        // From the log, since the steps before a resume count too.
        double tokens = MetricsLog.Read(Path.Combine(task.Folder, "metrics.jsonl")).Sum(step => step.Values.GetValueOrDefault("length") * step.Values.GetValueOrDefault("answers"));
        return new JobOutcome(Path.Combine(task.Folder, "model"), (long)Math.Round(tokens));
    }

    private static GroupRelativeRecipe Recipe(JobTask task, int prompts, int channels, int longestAnswer)
    {
        int batch = (int)(Hyperparameters.Of(task.Settings, "batch_size") ?? Math.Min(prompts, LargestChosenBatch));
        double epochs = Hyperparameters.Of(task.Settings, "n_epochs") ?? ChosenEpochs;
        long steps = Math.Max(1, (long)Math.Ceiling(epochs * prompts / batch));
        long evaluateEvery = (long)(Hyperparameters.Of(task.Settings, "eval_interval") ?? Math.Max(1, steps / 10));
        return new GroupRelativeRecipe
        {
            Steps = steps,
            PromptsPerStep = batch,
            Samples = Math.Clamp((int)Math.Round(AnswersOfAPrompt * (Hyperparameters.Of(task.Settings, "compute_multiplier") ?? 1)), 2, 64),
            MaximumTokens = longestAnswer,
            LearningRate = RateOfChannels / channels * (Hyperparameters.Of(task.Settings, "learning_rate_multiplier") ?? 1),
            EvaluateEvery = evaluateEvery,
            CheckpointEvery = TrainerSettings.CheckpointEvery(steps),
            Seed = task.Seed,
        };
    }

    private static void Report(ReinforcementProgress step, IJobWatcher watcher)
    {
        var metrics = new Dictionary<string, double> { ["train_mean_reward"] = step.Values.GetValueOrDefault("reward") };
        foreach ((string own, string name) in new[] { ("rewardDeviation", "train_reward_deviation"), ("kl", "kl"), ("entropy", "entropy"), ("length", "mean_completion_tokens"), ("deadGroups", "dead_groups") })
        {
            if (step.Values.TryGetValue(own, out double value))
            {
                metrics[name] = value;
            }
        }
        if (step.Evaluation?.Judge is double judged)
        {
            metrics["valid_mean_reward"] = judged;
        }
        watcher.Stepped(step.Step, step.Steps, metrics);
        foreach (HealthWarning warning in step.Warnings)
        {
            watcher.Told(warning.Message, isWarning: true);
        }
    }
}
