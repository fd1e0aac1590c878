using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Foretell.Data;
using Foretell.Inference;
using Foretell.Models;
using Foretell.Nn;
using Foretell.Nn.Optimizers;
using Foretell.Tensors;
using Foretell.Tokenizers;
using Foretell.Training.Reports;

namespace Foretell.Training;

/// <summary>How a training step went.</summary>
/// <param name="Step">Steps made, this one included.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="Loss">Mean nats of the step's targets.</param>
/// <param name="GradientNorm">Before clipping.</param>
/// <param name="LearningRate">The schedule's share of the peak.</param>
/// <param name="TokensPerSecond">Over the last steps.</param>
/// <param name="RemainingSeconds">Until the last step, at that speed.</param>
/// <param name="BitsPerByte">On the validation split, when this step validated.</param>
/// <param name="ValidationNats">A token on the validation split, when this step validated.</param>
/// <param name="Sample">What the model writes, when this step validated.</param>
/// <param name="Notice">Something to tell: a skipped step, a saved checkpoint.</param>
public sealed record PretrainingProgress(long Step, long Steps, double Loss, double GradientNorm, double LearningRate, double TokensPerSecond, double RemainingSeconds, double? BitsPerByte, double? ValidationNats, string? Sample, string? Notice);

/// <summary>How a run ended.</summary>
/// <param name="Step">Steps made.</param>
/// <param name="IsFinished">False when it was cancelled; its last step is saved and it can be resumed.</param>
/// <param name="BitsPerByte">The last validation's.</param>
/// <param name="ValidationNats">The last validation's.</param>
public sealed record PretrainingResult(long Step, bool IsFinished, double? BitsPerByte, double? ValidationNats);

/// <summary>
/// Predict the next token: gradients of the mean cross-entropy of a batch, clipped, into the optimizer, on a schedule. A run is
/// a folder; killed at any instant and resumed it ends in the same weights bit for bit, because a step is a pure function
/// of the weights, the optimizer's state and the step's number.
/// </summary>
/// <param name="recipe">Resolved (<see cref="ScalingDial.Resolve"/>).</param>
/// <param name="folder">The run's folder: config.json, metrics.jsonl, checkpoints/, model/.</param>
public sealed class Pretraining(PretrainingRecipe recipe, TransformerConfig config, Device device, Tokenizer tokenizer, TokenShards shards, string folder)
{
    private readonly long _steps = recipe.Steps!.Value;

    /// <summary>The folder of checkpoints.</summary>
    public string Checkpoints { get; } = Path.Combine(folder, "checkpoints");

    /// <summary>The folder of the finished model.</summary>
    public string ModelPath { get; } = Path.Combine(folder, "model");

    /// <summary>Trains from the newest checkpoint, or from the start, to the last step or until cancelled.</summary>
    /// <exception cref="InvalidDataException">The checkpoint belongs to another recipe, corpus or set of kernels.</exception>
    /// <exception cref="TrainingFailedException">A value was not finite.</exception>
    public PretrainingResult Run(IProgress<PretrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        Directory.CreateDirectory(folder);
        using var model = new Transformer(config, device, training: true);
        model.Initialize(recipe.Seed);
        using Optimizer optimizer = NewOptimizer(model);
        RunState state = Restore(model, optimizer) ?? new RunState(0, default, 0, device.Name, Identity());
        var guard = new SpikeGuard(recipe.SpikeThreshold > 0 ? recipe.SpikeThreshold : double.PositiveInfinity) { Statistics = state.Spikes };
        var schedule = new LearningRateSchedule
        {
            Steps = _steps,
            WarmUpSteps = (long)Math.Ceiling(recipe.WarmUpShare * _steps),
            Shape = recipe.Decay,
            DecayShare = recipe.DecayShare,
            FinalShare = recipe.FinalShare,
        };
        TokenSequenceSampler sampler = TokenSequenceSampler.Create(shards.Train, SamplerOptions(recipe.BatchRows!.Value));
        using MetricsLog metrics = MetricsLog.Open(Path.Combine(folder, "metrics.jsonl"), state.Step);
        var speed = new SpeedMeter((long)recipe.BatchRows.Value * config.ContextLength);
        (double BitsPerByte, double Nats)? validation = null;
        double trainingSeconds = state.TrainingSeconds;
        long step = state.Step;
        long saved = step;
        while (step < _steps && !cancellation.IsCancellationRequested)
        {
            long began = Stopwatch.GetTimestamp();
            Batch batch = sampler.At(step);
            model.Parameters.ClearGradients();
            double loss = GradientAccumulation.Run(model, batch, recipe.MicroBatchRows!.Value, SeededRandom.Mix(recipe.Seed ^ SeededRandom.Mix((ulong)step)));
            double norm = GradientNorm(model);
            if (!double.IsFinite(loss) || !double.IsFinite(norm))
            {
                throw NotFinite(step, $"the loss is {loss} and the gradient's norm {norm}; {Locate(model, batch)}");
            }
            double rate = schedule.At(step);
            string? notice = guard.Judge(loss, norm);
            if (notice is null)
            {
                optimizer.Step(step, rate, recipe.GradientClip > 0 ? Math.Min(1, recipe.GradientClip / (norm + 1e-12)) : 1);
            }
            else
            {
                notice = $"step {step + 1} skipped: {notice}";
            }
            step++;
            double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            trainingSeconds += seconds;
            speed.Add(seconds);
            string? sample = null;
            bool validates = step == _steps || step % recipe.ValidateEvery!.Value == 0;
            bool saves = step == _steps || step % recipe.CheckpointEvery!.Value == 0;
            if (validates)
            {
                RequireFiniteWeights();
                validation = Validate(model);
                sample = Sample(model, step);
            }
            Keep(step, "metrics.jsonl", () => Log(metrics, step, loss, norm, rate, notice is not null, speed.TokensPerSecond, trainingSeconds, validates ? validation : null, sample));
            if (saves)
            {
                SaveNow();
            }
            progress?.Report(new PretrainingProgress(step, _steps, loss, norm, rate, speed.TokensPerSecond, (_steps - step) * speed.SecondsPerStep, validates ? validation?.BitsPerByte : null, validates ? validation?.Nats : null, sample, notice));
        }
        bool finished = step == _steps;
        if (!finished && step > saved)
        {
            SaveNow();
        }
        if (finished)
        {
            Keep(step, "the model", () => ModelFolder.Save(model, tokenizer, ModelPath));
        }
        return new PretrainingResult(step, finished, validation?.BitsPerByte, validation?.Nats);

        // A finite gradient can still make a step beyond all numbers; such weights are never kept.
        void RequireFiniteWeights()
        {
            if (NonFiniteWeight(model) is string damaged)
            {
                throw NotFinite(step - 1, $"after it {damaged} is not finite");
            }
        }

        void SaveNow()
        {
            RequireFiniteWeights();
            Keep(step, "the checkpoint", () =>
            {
                metrics.FlushToDisk();
                Checkpoint.Write(Checkpoints, model, optimizer, new RunState(step, guard.Statistics, trainingSeconds, device.Name, Identity()), recipe.KeepCheckpoints);
            });
            saved = step;
        }
    }

    private SamplerOptions SamplerOptions(int rows) => new() { Mode = recipe.Sampling, ContextLength = config.ContextLength, Rows = rows, Seed = recipe.Seed, StartWithEndOfText = recipe.Sampling == SamplingMode.Packed && tokenizer.EndOfTextId is not null };

    /// <summary>What resuming must agree on: the recipe, the model, the corpus and the tokenizer.</summary>
    private string Identity()
    {
        // Where and how often a run reports does not change its weights.
        PretrainingRecipe essence = recipe with { ValidateEvery = null, CheckpointEvery = null, KeepCheckpoints = 1, SamplePrompt = "", ValidationTokens = 0 };
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{essence.ToJson()}|{config}|{shards.Manifest.Identity}|{tokenizer.Fingerprint}")));
    }

    private Optimizer NewOptimizer(Transformer model)
    {
        var adam = new AdamWOptions { LearningRate = recipe.LearningRate!.Value, Beta1 = recipe.Beta1, Beta2 = recipe.Beta2, WeightDecay = recipe.WeightDecay };
        return recipe.Optimizer == "adamw"
            ? new AdamW(device, model.Parameters.All, adam)
            : new Muon(device, model.Parameters.All, new MuonOptions { LearningRate = recipe.MatrixLearningRate!.Value, Momentum = recipe.Momentum, WeightDecay = recipe.WeightDecay }, adam);
    }

    private RunState? Restore(Transformer model, Optimizer optimizer)
    {
        if (Checkpoint.Newest(Checkpoints) is not string newest)
        {
            return null;
        }
        RunState state = Checkpoint.ReadState(newest);
        if (state.Recipe != Identity())
        {
            throw new InvalidDataException($"{newest} was made by another recipe, corpus or tokenizer; resume with the ones it was started with, or choose another --out.");
        }
        if (state.Numerics != device.Name)
        {
            throw new InvalidDataException($"{newest} was trained with {state.Numerics}, and this would go on with {device.Name}, which gives other bits; choose those kernels (FORETELL_KERNELS, --precision) or another --out.");
        }
        return Checkpoint.Read(newest, model, optimizer);
    }

    private double GradientNorm(Transformer model)
    {
        double squares = 0;
        foreach (Parameter parameter in model.Parameters.All)
        {
            squares += device.SquaredNorm(parameter.Gradient);
        }
        return Math.Sqrt(squares);
    }

    private TrainingFailedException NotFinite(long step, string what)
    {
        string last = Checkpoint.NewestFinite(Checkpoints) is string good ? $"the last good checkpoint is {good}" : "there is no good checkpoint yet";
        return new TrainingFailedException(FormattableString.Invariant($"Step {step + 1}: {what}; {last}. A lower learning rate or a longer warm-up usually helps."));
    }

    /// <summary>Where numbers first stop being finite: in the weights, on the way forward, or on the way back.</summary>
    private string Locate(Transformer model, Batch batch)
    {
        if (NonFiniteWeight(model) is string damaged)
        {
            return $"{damaged} is not finite";
        }
        if (GradientAccumulation.FirstNonFinite(model, batch, recipe.MicroBatchRows!.Value) is string part)
        {
            return $"the first output that is not finite is that of {part}";
        }
        // Gradients flow from the last parameter to the first.
        string? gradient = model.Parameters.All.LastOrDefault(parameter => !double.IsFinite(device.SquaredNorm(parameter.Gradient)))?.Name;
        return gradient is null ? "all outputs and gradients are finite" : $"all outputs are finite, but the gradient of {gradient} is not";
    }

    private string? NonFiniteWeight(Transformer model) => model.Parameters.All.FirstOrDefault(parameter => !double.IsFinite(device.SquaredNorm(parameter.Value)))?.Name;

    private (double BitsPerByte, double Nats) Validate(Transformer model)
    {
        double nats = 0;
        double weight = 0;
        long bytes = 0;
        foreach (Batch batch in SequentialBatches.Of(shards.Validation, SamplerOptions(recipe.MicroBatchRows!.Value), recipe.ValidationTokens > 0 ? recipe.ValidationTokens : null))
        {
            nats += GradientAccumulation.Evaluate(model, batch, recipe.MicroBatchRows.Value);
            for (int i = 0; i < batch.Targets.Length; i++)
            {
                if (batch.Weights[i] > 0)
                {
                    weight += batch.Weights[i];
                    bytes += tokenizer.IsSpecial(batch.Targets[i]) ? 0 : tokenizer.TokenBytes(batch.Targets[i]).Length;
                }
            }
        }
        return (nats / Math.Log(2) / Math.Max(bytes, 1), nats / weight);
    }

    private string Sample(Transformer model, long step)
    {
        int[] prompt = tokenizer.Encode(recipe.SamplePrompt);
        if (prompt.Length == 0)
        {
            prompt = [tokenizer.EndOfTextId ?? 0];
        }
        var options = new SamplingOptions { Temperature = 0.8, TopP = 0.95, Seed = SeededRandom.Mix(recipe.Seed + (ulong)step), MaximumTokens = Math.Min(80, config.ContextLength - prompt.Length - 1) };
        return options.MaximumTokens <= 0 ? "" : recipe.SamplePrompt + new TextGenerator(model, tokenizer).Generate(prompt, options).Text;
    }

    /// <summary>Writes to the run's folder, or stops with what is left intact.</summary>
    private void Keep(long step, string what, Action write)
    {
        try
        {
            write();
        }
        // A file beyond what the system allows (a quota, FAT's 4 GiB) arrives as an argument out of range.
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" })
        {
            string last = Checkpoint.Newest(Checkpoints) is string good ? $"the last checkpoint, {good}, is intact" : "no checkpoint was written before";
            throw new TrainingFailedException(FormattableString.Invariant($"Step {step}: {what} could not be written ({error.Message}); {last}. Make room and run again with --resume."));
        }
    }

    private static void Log(MetricsLog metrics, long step, double loss, double norm, double rate, bool skipped, double tokensPerSecond, double seconds, (double BitsPerByte, double Nats)? validation, string? sample)
    {
        var values = new Dictionary<string, double>
        {
            ["loss"] = loss,
            ["gradientNorm"] = norm,
            ["learningRate"] = rate,
            ["tokensPerSecond"] = tokensPerSecond,
            ["seconds"] = seconds,
        };
        if (skipped)
        {
            values["skipped"] = 1;
        }
        if (validation is (double bitsPerByte, double nats))
        {
            values["validationBitsPerByte"] = bitsPerByte;
            values["validationNats"] = nats;
        }
        metrics.Append(step, values, sample is null ? null : [new("sample", sample)]);
    }

    /// <summary>Tokens a second over the last steps.</summary>
    private sealed class SpeedMeter(long tokensPerStep)
    {
        private const int Window = 20;
        private readonly Queue<double> _seconds = new();

        public double SecondsPerStep => _seconds.Count == 0 ? 0 : _seconds.Average();

        public double TokensPerSecond => SecondsPerStep > 0 ? tokensPerStep / SecondsPerStep : 0;

        public void Add(double seconds)
        {
            _seconds.Enqueue(seconds);
            if (_seconds.Count > Window)
            {
                _seconds.Dequeue();
            }
        }
    }
}

/// <summary>A run cannot go on; the message says why, where it stands and what to do.</summary>
public sealed class TrainingFailedException(string message) : Exception(message);
