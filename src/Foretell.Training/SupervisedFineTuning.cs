using System.Diagnostics;
using System.Text.Json.Nodes;
using Foretell.Data;
using Foretell.Nn;
using Foretell.Nn.Optimizers;
using Foretell.Tensors;
using Foretell.Tensors.Files;

namespace Foretell.Training;

/// <summary>How a fine-tuning step went.</summary>
/// <param name="Step">Steps made, this one included.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="Epoch">Which pass over the conversations, from 1.</param>
/// <param name="Loss">Mean nats of what the assistant says in the step's batch.</param>
/// <param name="GradientNorm">Before clipping.</param>
/// <param name="TokensPerSecond">Tokens read, padding included.</param>
/// <param name="RemainingSeconds">Until the last step, at that speed.</param>
/// <param name="HeldOutNats">A token that the assistant says in held-out conversations, when this step evaluated.</param>
/// <param name="Notice">Something to tell: a skipped step, an early end.</param>
public sealed record FineTuningProgress(long Step, long Steps, int Epoch, double Loss, double GradientNorm, double TokensPerSecond, double RemainingSeconds, double? HeldOutNats, string? Notice);

/// <summary>How a run ended.</summary>
/// <param name="Step">Steps made.</param>
/// <param name="IsFinished">False when it was cancelled; its last step is saved and it can be resumed.</param>
/// <param name="BaseNats">Held-out nats of the model before; NaN without held-out conversations.</param>
/// <param name="BestNats">Held-out nats of the weights that were kept; NaN without held-out conversations.</param>
/// <param name="BestStep">The step that those weights are of.</param>
public sealed record FineTuningResult(long Step, bool IsFinished, double BaseNats, double BestNats, long BestStep);

/// <summary>
/// Supervised fine-tuning (Ouyang et al. 2022, <see href="https://arxiv.org/abs/2203.02155"/>, step 1): go on foretelling
/// tokens, of conversations now, and count only what the assistant says and the token that ends its turn:
/// L = Σ w_t · -log p(x_t | x_&lt;t) / Σ w_t, over all tokens t of a step's batch.
/// </summary>
/// <remarks>
/// Departures: a step's loss is a mean over tokens, not over conversations, so that gradient accumulation has the bits of the
/// whole batch and a long answer counts as its tokens do. Conversations are packed without seeing each other. The weights
/// with the least held-out loss are kept, not the last ones.
/// </remarks>
/// <param name="recipe">Resolved (<see cref="FineTuningRecipe.Resolve"/>).</param>
/// <param name="model">Trained in place: all its weights, or where it has one its active adapter alone.</param>
/// <param name="train">Each fits into the recipe's context.</param>
/// <param name="heldOut">May be empty: then the last weights are kept.</param>
/// <param name="folder">The run's folder: config.json, metrics.jsonl, checkpoints/, best/, model/.</param>
/// <param name="notes">More for config.json, such as where the data lies.</param>
public sealed class SupervisedFineTuning(FineTuningRecipe recipe, TrainedModel model, IReadOnlyList<ChatExample> train, IReadOnlyList<ChatExample> heldOut, string folder, JsonObject? notes = null)
{
    private const string BestNats = "bestNats";
    private const string BestStep = "bestStep";
    private const string BaseNats = "baseNats";
    private const string Stale = "evaluationsSinceBest";

    private readonly Device _device = model.Device;
    private readonly long _steps = recipe.Steps!.Value;

    /// <summary>A recipe's batches of conversations.</summary>
    public static ChatBatches Batches(FineTuningRecipe recipe, IReadOnlyList<ChatExample> examples, int meaningless) => new(examples, new ChatBatchOptions
    {
        // Whole depth steps of the kernels, so that micro-batches do not show in the bits.
        ContextLength = (recipe.ContextLength!.Value + SequenceLayout.RowStep - 1) / SequenceLayout.RowStep * SequenceLayout.RowStep,
        Rows = recipe.BatchRows!.Value,
        Packing = recipe.Packing,
        Seed = recipe.Seed,
        Meaningless = meaningless,
    });

    /// <summary>Trains from the newest checkpoint, or from the start, to the end or until cancelled.</summary>
    /// <exception cref="InvalidDataException">The checkpoint belongs to another recipe, model, data or set of kernels.</exception>
    /// <exception cref="TrainingFailedException">A value was not finite, or the disk is full.</exception>
    public FineTuningResult Run(IProgress<FineTuningProgress>? progress = null, CancellationToken cancellation = default)
    {
        CheckpointPart weights = model.Adapter is { } adapter ? CheckpointPart.Of(SafeTensors.FileName, [.. adapter.Parameters.All.Select(parameter => (parameter.Name, parameter.Value))]) : CheckpointPart.Of(model.Transformer);
        JsonObject config = Config();
        using Optimizer optimizer = NewOptimizer();
        using TrainingRun run = TrainingRun.Open(folder, config, _device, [weights, CheckpointPart.Of("optimizer.safetensors", optimizer.State)], recipe.KeepCheckpoints, notes);
        ChatBatches batches = Batches(recipe, train, model.Tokenizer.EndOfTextId ?? 0);
        IReadOnlyList<Batch> exam = Exam();
        var guard = new SpikeGuard(recipe.SpikeThreshold > 0 ? recipe.SpikeThreshold : double.PositiveInfinity) { Statistics = Recall(run.Numbers) };
        var schedule = new LearningRateSchedule
        {
            Steps = _steps,
            WarmUpSteps = (long)Math.Ceiling(recipe.WarmUpShare * _steps),
            Shape = recipe.Decay,
            DecayShare = recipe.DecayShare,
            FinalShare = recipe.FinalShare,
        };
        if (exam.Count > 0 && !run.Numbers.ContainsKey(BaseNats))
        {
            run.Numbers[BaseNats] = Evaluate(exam);
            Judge(run, weights, run.Numbers[BaseNats]);
        }
        bool EndsEarly() => recipe.Patience > 0 && run.Numbers.GetValueOrDefault(Stale) >= recipe.Patience;
        while (run.Step < _steps && !EndsEarly() && !cancellation.IsCancellationRequested)
        {
            long began = Stopwatch.GetTimestamp();
            long step = run.Step;
            Batch batch = batches.At(step);
            ClearGradients();
            double loss = GradientAccumulation.Run(model.Transformer, batch, recipe.MicroBatchRows!.Value, SeededRandom.Mix(recipe.Seed ^ SeededRandom.Mix((ulong)step)));
            if (!double.IsFinite(loss))
            {
                throw run.NotFinite($"the loss is {loss}");
            }
            double norm = run.RequireFinite(_device, model.Trained);
            double rate = schedule.At(step);
            string? notice = guard.Judge(loss, norm) is string spike ? FormattableString.Invariant($"step {step + 1} skipped: {spike}") : null;
            if (notice is null)
            {
                optimizer.Step(step, rate, recipe.GradientClip > 0 ? Math.Min(1, recipe.GradientClip / (norm + 1e-12)) : 1);
            }
            Remember(guard.Statistics, run.Numbers);
            bool isLast = step + 1 == _steps;
            double? nats = exam.Count > 0 && (isLast || (step + 1) % recipe.EvaluateEvery!.Value == 0) ? Evaluate(exam) : null;
            if (nats is double found)
            {
                RequireFiniteWeights(run);
                Judge(run, weights, found, step + 1);
            }
            double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            run.Advance(seconds, Metrics(loss, norm, rate, notice is not null, batch, seconds, run.Seconds + seconds, nats));
            if (isLast || EndsEarly() || run.Step % recipe.CheckpointEvery!.Value == 0)
            {
                RequireFiniteWeights(run);
                run.Save();
            }
            if (EndsEarly() && !isLast)
            {
                notice = FormattableString.Invariant($"ended early: {recipe.Patience} evaluations on held-out conversations without a better one than {run.Numbers[BestNats]:F4} nats at step {run.Numbers[BestStep]:F0}");
            }
            progress?.Report(new FineTuningProgress(run.Step, _steps, batches.EpochOf(step) + 1, loss, norm, batch.Tokens.Length / seconds, (_steps - run.Step) * run.Seconds / run.Step, nats, notice));
        }
        bool finished = run.Step == _steps || EndsEarly();
        if (!finished)
        {
            RequireFiniteWeights(run);
            run.Save();
        }
        else if (run.Numbers.TryGetValue(BestStep, out double best) && (long)best != run.Step)
        {
            weights.Read(BestFile(weights));
        }
        if (finished)
        {
            run.Keep("the model", () => model.Save(run.ModelPath));
        }
        return new FineTuningResult(run.Step, finished, run.Numbers.GetValueOrDefault(BaseNats, double.NaN), run.Numbers.GetValueOrDefault(BestNats, double.NaN), (long)run.Numbers.GetValueOrDefault(BestStep, run.Step));
    }

    /// <summary>Mean nats of what the assistant says in held-out conversations.</summary>
    private double Evaluate(IReadOnlyList<Batch> exam)
    {
        double nats = 0;
        double weight = 0;
        foreach (Batch batch in exam)
        {
            nats += GradientAccumulation.Evaluate(model.Transformer, batch, recipe.MicroBatchRows!.Value);
            weight += batch.Weights.Sum(value => (double)value);
        }
        return nats / weight;
    }

    /// <summary>Keeps the weights where they are the best so far. A resumed run meets the same evaluations again, so the file is never behind the numbers.</summary>
    private void Judge(TrainingRun run, CheckpointPart weights, double nats, long step = 0)
    {
        if (!double.IsFinite(nats))
        {
            throw run.NotFinite($"the held-out loss is {nats}");
        }
        if (nats >= run.Numbers.GetValueOrDefault(BestNats, double.PositiveInfinity))
        {
            run.Numbers[Stale] = run.Numbers.GetValueOrDefault(Stale) + 1;
            return;
        }
        (run.Numbers[BestNats], run.Numbers[BestStep], run.Numbers[Stale]) = (nats, step, 0);
        run.Keep("the best weights", () =>
        {
            Directory.CreateDirectory(Path.GetDirectoryName(BestFile(weights))!);
            weights.Write(BestFile(weights));
        });
    }

    private string BestFile(CheckpointPart weights) => Path.Combine(folder, "best", weights.File);

    private IReadOnlyList<Batch> Exam()
    {
        if (heldOut.Count == 0)
        {
            return [];
        }
        ChatBatches batches = Batches(recipe with { Seed = 0 }, heldOut, model.Tokenizer.EndOfTextId ?? 0);
        return [.. Enumerable.Range(0, (int)batches.Steps(1)).Select(step => batches.At(step))];
    }

    private void ClearGradients()
    {
        if (model.Adapter is { } adapter)
        {
            adapter.Parameters.ClearGradients();
            return;
        }
        model.Transformer.Parameters.ClearGradients();
    }

    private Optimizer NewOptimizer()
    {
        var adam = new AdamWOptions { LearningRate = recipe.LearningRate!.Value, Beta1 = recipe.Beta1, Beta2 = recipe.Beta2, WeightDecay = recipe.WeightDecay };
        return recipe.Optimizer == "adamw"
            ? new AdamW(_device, model.Trained, adam)
            : new Muon(_device, model.Trained, new MuonOptions { LearningRate = recipe.MatrixLearningRate, WeightDecay = recipe.WeightDecay }, adam);
    }

    private JsonObject Config() => new()
    {
        ["algorithm"] = "supervised fine-tuning",
        // How checkpoints are kept, how much goes through at once and what is asked afterwards do not change the weights.
        ["recipe"] = JsonNode.Parse((recipe with { CheckpointEvery = null, KeepCheckpoints = 1, MicroBatchRows = null, Questions = 0, AnswerTokens = 1 }).ToJson()),
        ["model"] = ModelFingerprint.Of(model.Transformer),
        ["adapter"] = model.Adapter?.Options.ToString(),
        ["train"] = new ChatDataset(train, [], []).Fingerprint(),
        ["heldOut"] = new ChatDataset(heldOut, [], []).Fingerprint(),
    };

    private void RequireFiniteWeights(TrainingRun run)
    {
        if (model.Trained.FirstOrDefault(parameter => !double.IsFinite(_device.SquaredNorm(parameter.Value))) is Parameter damaged)
        {
            throw run.NotFinite($"{damaged.Name} is not finite");
        }
    }

    private static Dictionary<string, double> Metrics(double loss, double norm, double rate, bool skipped, Batch batch, double seconds, double allSeconds, double? nats)
    {
        var values = new Dictionary<string, double>
        {
            ["loss"] = loss,
            ["gradientNorm"] = norm,
            ["learningRate"] = rate,
            ["tokens"] = batch.TargetCount,
            ["tokensPerSecond"] = batch.Tokens.Length / seconds,
            ["seconds"] = allSeconds,
        };
        if (skipped)
        {
            values["skipped"] = 1;
        }
        if (nats is double found)
        {
            values["validationNats"] = found;
        }
        return values;
    }

    private static void Remember(SpikeStatistics spikes, SortedDictionary<string, double> numbers) =>
        (numbers["spikes.count"], numbers["spikes.lossMean"], numbers["spikes.lossVariance"], numbers["spikes.normMean"], numbers["spikes.normVariance"], numbers["spikes.skipped"])
            = (spikes.Count, spikes.LossMean, spikes.LossVariance, spikes.NormMean, spikes.NormVariance, spikes.Skipped);

    private static SpikeStatistics Recall(SortedDictionary<string, double> numbers)
    {
        double Number(string name) => numbers.GetValueOrDefault("spikes." + name);
        return new SpikeStatistics((long)Number("count"), Number("lossMean"), Number("lossVariance"), Number("normMean"), Number("normVariance"), (int)Number("skipped"));
    }
}
