using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Data;
using Foretell.Tensors;
using Foretell.Training;

namespace Foretell.Server.FineTuning.Trainers;

/// <summary>
/// The method <c>supervised</c>: <see cref="SupervisedFineTuning"/> on conversations
/// (<see href="https://platform.openai.com/docs/guides/supervised-fine-tuning"/>).
/// </summary>
internal sealed class SupervisedTrainer : IJobTrainer
{
    /// <summary>An epoch of a small file has about so many steps where the batch size is left to us.</summary>
    private const int StepsOfAnEpoch = 64;

    private const int LargestChosenBatch = 32;
    private const double ChosenEpochs = 3;

    public string Method => "supervised";

    public JsonObject CheckSettings(JsonObject settings)
    {
        TrainerSettings.RequireKnown(Method, settings, "hyperparameters");
        return new JsonObject
        {
            ["hyperparameters"] = new Hyperparameters(Method, settings).Whole("n_epochs", 1, 50).Whole("batch_size", 1, 256).Number("learning_rate_multiplier", 1e-4, 1e4).Checked(),
        };
    }

    public void CheckExample(JsonElement example, JsonObject settings) => ExampleRow.Check(example, row => ChatForms.Read(row));

    public JobOutcome Train(JobTask task, IJobWatcher watcher, CancellationToken cancellation)
    {
        using Device device = TrainerSettings.Device(task);
        using TrainedModel model = TrainedModel.Load(task.BaseModel, device, addMarkers: true);
        int context = model.Transformer.Config.ContextLength;
        ChatDataset train = ChatDataset.Encode(ChatForms.Read([task.TrainingFile]), model.Chat, context, cancellation: cancellation);
        ChatDataset? heldOut = task.ValidationFile is null ? null : ChatDataset.Encode(ChatForms.Read([task.ValidationFile]), model.Chat, context, cancellation: cancellation);
        foreach (string leftOut in new[] { train.LeftOut(context), heldOut?.LeftOut(context) }.OfType<string>())
        {
            watcher.Told(leftOut + ".", isWarning: true);
        }
        FineTuningRecipe recipe = Recipe(task, model, train.Examples);
        watcher.Told(FormattableString.Invariant($"{train.Examples.Count} examples, {recipe.Steps} steps of {recipe.BatchRows} rows of up to {recipe.ContextLength} tokens, learning rate {recipe.LearningRate:G3}."));
        var tuning = new SupervisedFineTuning(recipe, model, train.Examples, heldOut?.Examples ?? [], task.Folder);
        var watch = new StepWatch<FineTuningProgress>(step => Report(step, watcher));
        FineTuningResult result = tuning.Run(watch, cancellation);
        if (!result.IsFinished)
        {
            throw new OperationCanceledException(cancellation);
        }
        long tokens = train.Examples.Sum(example => (long)example.Length);
        return new JobOutcome(Path.Combine(task.Folder, "model"), (long)(tokens * recipe.Epochs));
    }

    /// <summary>The API's three numbers as a recipe. A batch of the API counts examples; the recipe's counts rows into which examples are packed.</summary>
    private static FineTuningRecipe Recipe(JobTask task, TrainedModel model, IReadOnlyList<ChatExample> examples)
    {
        int longest = examples.Max(example => example.Length);
        double mean = examples.Average(example => example.Length);
        double batch = Hyperparameters.Of(task.Settings, "batch_size") ?? Math.Clamp(examples.Count / StepsOfAnEpoch, 1, LargestChosenBatch);
        var wanted = new FineTuningRecipe
        {
            Epochs = Hyperparameters.Of(task.Settings, "n_epochs") ?? ChosenEpochs,
            ContextLength = Math.Min(model.Transformer.Config.ContextLength, Math.Max(8, longest)),
            BatchRows = Math.Max(1, (int)Math.Round(batch * mean / longest)),
            // What was ordered is done: the best weights by the validation file are kept, but no epoch is left out.
            Patience = 0,
            Seed = task.Seed,
        };
        FineTuningRecipe recipe = wanted.Resolve(model.Transformer.Config, sized => SupervisedFineTuning.Batches(sized, examples, model.Tokenizer.EndOfTextId ?? 0));
        double multiplier = Hyperparameters.Of(task.Settings, "learning_rate_multiplier") ?? 1;
        return recipe with { LearningRate = recipe.LearningRate * multiplier, CheckpointEvery = TrainerSettings.CheckpointEvery(recipe.Steps!.Value) };
    }

    private static void Report(FineTuningProgress step, IJobWatcher watcher)
    {
        var metrics = new Dictionary<string, double> { ["train_loss"] = step.Loss };
        if (step.HeldOutNats is double nats)
        {
            metrics["valid_loss"] = nats;
        }
        watcher.Stepped(step.Step, step.Steps, metrics);
        if (step.Notice is string notice)
        {
            watcher.Told(notice, isWarning: true);
        }
    }
}
