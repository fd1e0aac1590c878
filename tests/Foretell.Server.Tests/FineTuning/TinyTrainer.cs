using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Models;
using Foretell.Nn.Optimizers;
using Foretell.Server.FineTuning;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Training;

namespace Foretell.Server.Tests.FineTuning;

/// <summary>
/// A small trainer of the tests' own, so that the service is tested apart from any method: learns lines {"text": ...} by
/// heart, one a step, with a checkpoint every second step. Each step waits for the test where it asks to.
/// </summary>
internal sealed class TinyTrainer : IJobTrainer
{
    public const string Instance = "supervised";

    /// <summary>Called before each step, on the training's thread.</summary>
    public Action<long> BeforeStep { get; set; } = _ => { };

    /// <summary>Steps that were made by this object, in their order.</summary>
    public List<long> Made { get; } = [];

    public string Method => Instance;

    public JsonObject CheckSettings(JsonObject settings) => new()
    {
        ["hyperparameters"] = new Hyperparameters(Method, settings).Whole("n_epochs", 1, 50).Whole("batch_size", 1, 256).Number("learning_rate_multiplier", 1e-6, 1e3).Checked(),
    };

    public void CheckExample(JsonElement example, JsonObject settings)
    {
        if (!example.TryGetProperty("text", out JsonElement text) || text.ValueKind != JsonValueKind.String)
        {
            throw new FormatException("has no field \"text\".");
        }
    }

    public JobOutcome Train(JobTask task, IJobWatcher watcher, CancellationToken cancellation)
    {
        string[] texts = [.. File.ReadLines(task.TrainingFile).Select(line => (string)JsonNode.Parse(line)!["text"]!)];
        long steps = (long)(Hyperparameters.Of(task.Settings, "n_epochs") ?? 1) * texts.Length;
        using Device device = CpuDevice.Create(threads: task.Threads, precision: DType.Float32);
        using TrainedModel model = TrainedModel.Load(task.BaseModel, device);
        using var optimizer = new AdamW(device, model.Parameters, new AdamWOptions { LearningRate = 0.02 });
        var config = new JsonObject { ["algorithm"] = "by heart", ["seed"] = task.Seed, ["texts"] = texts.Length };
        using TrainingRun run = TrainingRun.Open(task.Folder, config, device, [CheckpointPart.Of(model.Transformer), CheckpointPart.Of("optimizer.safetensors", optimizer.State)]);
        long tokens = 0;
        while (run.Step < steps)
        {
            BeforeStep(run.Step + 1);
            if (cancellation.IsCancellationRequested)
            {
                run.Save();
                throw new OperationCanceledException(cancellation);
            }
            int[] ids = model.Tokenizer.Encode(texts[run.Step % texts.Length]);
            tokens = texts.Sum(text => model.Tokenizer.Encode(text).Length) * steps / texts.Length;
            model.Transformer.Parameters.ClearGradients();
            double loss = 0;
            SequenceGradient.Run(model.Transformer, [[ids]], (_, logProbabilities, derivatives) =>
            {
                loss = -logProbabilities[0].Average();
                derivatives[0].AsSpan().Fill(-1f / derivatives[0].Length);
            });
            optimizer.Step(run.Step, 1, 1);
            run.Advance(0, [new("loss", loss)]);
            Made.Add(run.Step);
            watcher.Stepped(run.Step, steps, new Dictionary<string, double> { ["train_loss"] = loss });
            if (run.Step % 2 == 0)
            {
                run.Save();
                string checkpoint = Path.Combine(task.Folder, $"step-{run.Step}");
                ModelFolder.Save(model.Transformer, model.Tokenizer, checkpoint);
                watcher.Checkpointed(run.Step, checkpoint, new Dictionary<string, double> { ["train_loss"] = loss });
            }
        }
        run.Save();
        ModelFolder.Save(model.Transformer, model.Tokenizer, run.ModelPath);
        return new JobOutcome(run.ModelPath, tokens);
    }
}
