using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Data;
using Foretell.Tensors;
using Foretell.Tokenizers;
using Foretell.Training;

namespace Foretell.Server.FineTuning.Trainers;

/// <summary>
/// The method <c>dpo</c>: <see cref="DirectPreference"/> on pairs of a preferred and a non-preferred answer
/// (<see href="https://platform.openai.com/docs/guides/direct-preference-optimization"/>).
/// </summary>
internal sealed class PreferenceTrainer : IJobTrainer
{
    private const double ChosenEpochs = 1;
    private const double ChosenBeta = 0.1;
    private const int StepsOfAnEpoch = 32;
    private const int LargestChosenBatch = 32;

    /// <summary>Of the peak rate, times the model's channels: a tenth of what conversations are learned at.</summary>
    private const double RateOfChannels = 0.02;

    public string Method => "dpo";

    public bool TakesValidationFile => false;

    public JsonObject CheckSettings(JsonObject settings)
    {
        TrainerSettings.RequireKnown(Method, settings, "hyperparameters");
        return new JsonObject
        {
            ["hyperparameters"] = new Hyperparameters(Method, settings)
                .Whole("n_epochs", 1, 50).Whole("batch_size", 1, 256).Number("learning_rate_multiplier", 1e-4, 1e4).Number("beta", 1e-3, 2).Checked(),
        };
    }

    public void CheckExample(JsonElement example, JsonObject settings) => ExampleRow.Check(example, row =>
    {
        if (!example.TryGetProperty("input", out JsonElement input) || input.ValueKind != JsonValueKind.Object)
        {
            throw row.Wrong("has no object \"input\" with the messages to be answered.");
        }
        if (MessagesForm.Messages(new JsonRow(input, row.Place), "messages").Messages[^1].Role == "assistant")
        {
            throw row.Wrong("has an input that ends with a message of the assistant; it must end with what is to be answered.");
        }
        foreach (string field in (string[])["preferred_output", "non_preferred_output"])
        {
            if (MessagesForm.Messages(row, field).Messages is not [{ Role: "assistant" }])
            {
                throw row.Wrong($"has in \"{field}\" something other than one message of the assistant.");
            }
        }
    });

    public JobOutcome Train(JobTask task, IJobWatcher watcher, CancellationToken cancellation)
    {
        using Device device = TrainerSettings.Device(task);
        using TrainedModel model = TrainedModel.Load(task.BaseModel, device, addMarkers: true);
        PreferenceSet pairs = PreferenceSet.Read([task.TrainingFile]);
        foreach (string warning in pairs.Warnings)
        {
            watcher.Told(warning, isWarning: true);
        }
        int batch = (int)(Hyperparameters.Of(task.Settings, "batch_size") ?? Math.Clamp(pairs.Pairs.Count / StepsOfAnEpoch, 1, LargestChosenBatch));
        double epochs = Hyperparameters.Of(task.Settings, "n_epochs") ?? ChosenEpochs;
        long steps = Math.Max(1, (long)Math.Ceiling(epochs * pairs.Pairs.Count / batch));
        var recipe = new DirectPreferenceRecipe
        {
            Steps = steps,
            BatchRows = batch,
            Beta = Hyperparameters.Of(task.Settings, "beta") ?? ChosenBeta,
            LearningRate = RateOfChannels / model.Transformer.Config.Channels * (Hyperparameters.Of(task.Settings, "learning_rate_multiplier") ?? 1),
            HeldOutShare = 0,
            CheckpointEvery = TrainerSettings.CheckpointEvery(steps),
            Seed = task.Seed,
        };
        watcher.Told(FormattableString.Invariant($"{pairs.Pairs.Count} pairs, {steps} steps of {batch} pairs, beta {recipe.Beta:G3}, learning rate {recipe.LearningRate:G3}."));
        var watch = new StepWatch<PreferenceProgress>(step => Report(step, watcher));
        PreferenceResult result = new DirectPreference(recipe, model, pairs, task.Folder).Run(watch, cancellation);
        return result.IsFinished ? new JobOutcome(Path.Combine(task.Folder, "model"), Tokens(pairs, model) * steps * batch / pairs.Pairs.Count) : throw new OperationCanceledException(cancellation);
    }

    private static void Report(PreferenceProgress step, IJobWatcher watcher)
    {
        if (step.Step > 0)
        {
            var metrics = new Dictionary<string, double> { ["train_loss"] = step.Values.GetValueOrDefault("loss") };
            foreach ((string own, string name) in new[] { ("accuracy", "train_accuracy"), ("margin", "train_margin") })
            {
                if (step.Values.TryGetValue(own, out double value))
                {
                    metrics[name] = value;
                }
            }
            watcher.Stepped(step.Step, step.Steps, metrics);
        }
        if (step.Notice is string notice)
        {
            watcher.Told(notice, isWarning: true);
        }
    }

    private static long Tokens(PreferenceSet pairs, TrainedModel model) => pairs.Pairs.Sum(pair =>
        (long)(Length(model, pair.Prompt, pair.Chosen) + Length(model, pair.Prompt, pair.Rejected)));

    private static int Length(TrainedModel model, IReadOnlyList<ChatMessage> prompt, ChatMessage answer) =>
        model.Template.Render(new Conversation([.. prompt, answer])).Tokens(model.Tokenizer).Length;
}
