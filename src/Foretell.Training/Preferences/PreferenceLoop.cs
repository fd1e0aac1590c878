using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Foretell.Data;
using Foretell.Nn;
using Foretell.Nn.Optimizers;
using Foretell.Tensors;

namespace Foretell.Training;

/// <summary>How a run of preference learning goes.</summary>
/// <param name="Step">Steps made.</param>
/// <param name="Steps">Of the whole run.</param>
/// <param name="Values">The step's numbers by name, as in metrics.jsonl; those measured on held-out rows begin with "heldOut".</param>
/// <param name="RemainingSeconds">Until the last step, at the mean speed so far.</param>
/// <param name="Notice">A sentence to tell; or null.</param>
public sealed record PreferenceProgress(long Step, long Steps, IReadOnlyDictionary<string, double> Values, double RemainingSeconds, string? Notice = null);

/// <summary>How a run of preference learning ended.</summary>
/// <param name="IsFinished">False when it was cancelled; its last step is saved and it can be resumed.</param>
/// <param name="Before">What was measured on held-out rows before the first step.</param>
/// <param name="After">The same at the last measurement.</param>
/// <param name="Warnings">What a reader should know, in sentences.</param>
public sealed record PreferenceResult(long Step, bool IsFinished, IReadOnlyDictionary<string, double> Before, IReadOnlyDictionary<string, double> After, IReadOnlyList<string> Warnings);

/// <summary>What the steps of all algorithms of preferences share: order, schedule, update, measurement, checkpoints. The objective is the algorithm's.</summary>
/// <param name="rows">Rows to learn from.</param>
internal sealed class PreferenceLoop(PreferenceRecipe recipe, int rows)
{
    private const string BeforePrefix = "before.";
    private const string AfterPrefix = "after.";

    public long Steps { get; } = recipe.Steps ?? Math.Max(1, (long)Math.Ceiling(recipe.Epochs * rows / recipe.BatchRows));

    /// <summary>The rows of a step: each epoch has its own order, and a batch may reach into the next one.</summary>
    public int[] Batch(long step)
    {
        int[] batch = new int[recipe.BatchRows];
        for (int i = 0; i < batch.Length; i++)
        {
            (long epoch, long place) = Math.DivRem(step * batch.Length + i, rows);
            batch[i] = (int)new FeistelPermutation(rows, SplitMix64.Mix(recipe.Seed, (ulong)epoch))[place];
        }
        return batch;
    }

    /// <summary>An optimizer for parameters, at a peak rate of its own.</summary>
    public AdamW NewOptimizer(Device device, IEnumerable<Parameter> parameters, double learningRate) =>
        new(device, parameters, new AdamWOptions { LearningRate = learningRate, Beta2 = recipe.Beta2, WeightDecay = recipe.WeightDecay });

    /// <summary>Makes the steps that are left.</summary>
    /// <param name="parameters">Whose gradients are cleared before each step and bounded together.</param>
    /// <param name="learn">Adds the gradient of a step's rows to the parameters; gives the step's numbers, "loss" among them.</param>
    /// <param name="measure">The numbers of the held-out rows, by names that begin with "heldOut"; empty where nothing is held out.</param>
    /// <returns>Whether the last step was made, and the first and last measurement.</returns>
    public (bool IsFinished, IReadOnlyDictionary<string, double> Before, IReadOnlyDictionary<string, double> After) Run(
        TrainingRun run,
        IReadOnlyList<ParameterStore> parameters,
        IReadOnlyList<Optimizer> optimizers,
        Func<int[], Dictionary<string, double>> learn,
        Func<Dictionary<string, double>> measure,
        IProgress<PreferenceProgress>? progress,
        CancellationToken cancellation)
    {
        var schedule = new LearningRateSchedule { Steps = Steps, WarmUpSteps = (long)Math.Ceiling(recipe.WarmUpShare * Steps), Shape = recipe.Decay, DecayShare = 1, FinalShare = recipe.FinalShare };
        long measureEvery = recipe.MeasureEvery ?? Math.Max(1, Steps / 10);
        long checkpointEvery = recipe.CheckpointEvery ?? Math.Max(1, Steps / 5);
        if (run.Step == 0)
        {
            Remember(run, BeforePrefix, measure());
            progress?.Report(new PreferenceProgress(0, Steps, Recall(run, BeforePrefix), 0));
        }
        while (run.Step < Steps && !cancellation.IsCancellationRequested)
        {
            long began = Stopwatch.GetTimestamp();
            foreach (ParameterStore store in parameters)
            {
                store.ClearGradients();
            }
            Dictionary<string, double> values = learn(Batch(run.Step));
            if (!double.IsFinite(values["loss"]))
            {
                throw run.NotFinite(FormattableString.Invariant($"the loss is {values["loss"]}"));
            }
            double norm = run.RequireFinite(parameters[0].Device, parameters.SelectMany(store => store.All));
            double rate = schedule.At(run.Step);
            double scale = recipe.GradientClip > 0 ? Math.Min(1, recipe.GradientClip / (norm + 1e-12)) : 1;
            foreach (Optimizer optimizer in optimizers)
            {
                optimizer.Step(run.Step, rate, scale);
            }
            values["gradientNorm"] = norm;
            values["learningRate"] = rate * recipe.LearningRate;
            long step = run.Step + 1;
            if (step == Steps || step % measureEvery == 0)
            {
                Dictionary<string, double> measured = measure();
                Remember(run, AfterPrefix, measured);
                foreach ((string name, double value) in measured)
                {
                    values[name] = value;
                }
            }
            double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            values["seconds"] = run.Seconds + seconds;
            run.Advance(seconds, values);
            if (step == Steps || step % checkpointEvery == 0)
            {
                run.Save();
            }
            progress?.Report(new PreferenceProgress(step, Steps, values, run.Seconds / step * (Steps - step)));
        }
        run.Save();
        return (run.Step >= Steps, Recall(run, BeforePrefix), Recall(run, AfterPrefix));
    }

    /// <summary>Everything that decides the result, for the run's config.json.</summary>
    public static JsonObject Config(string algorithm, string recipeJson, IEnumerable<Parameter> weights, PreferenceSet data) => new()
    {
        ["algorithm"] = algorithm,
        ["recipe"] = JsonNode.Parse(recipeJson),
        ["modelFingerprint"] = Fingerprint(weights),
        ["dataFingerprint"] = data.Fingerprint,
    };

    /// <summary>SHA-256 over the weights' names and bits.</summary>
    public static string Fingerprint(IEnumerable<Parameter> weights)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Parameter parameter in weights)
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{parameter.Name}{parameter.Value.Shape}"));
            hash.AppendData(MemoryMarshal.AsBytes<float>(parameter.Value.ToArray()));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Remember(TrainingRun run, string prefix, Dictionary<string, double> measured)
    {
        foreach ((string name, double value) in measured.Where(entry => double.IsFinite(entry.Value)))
        {
            run.Numbers[prefix + name] = value;
        }
    }

    private static Dictionary<string, double> Recall(TrainingRun run, string prefix) => run.Numbers
        .Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal))
        .ToDictionary(entry => entry.Key[prefix.Length..], entry => entry.Value, StringComparer.Ordinal);
}
