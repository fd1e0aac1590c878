using System.Text.Json.Nodes;
using Foretell.Nn;
using Foretell.Training.Reports;

namespace Foretell.Training;

/// <summary>
/// What the algorithms that learn from rewards share, and no objective: the run's folder, measurements, health, checkpoints,
/// cancellation. A cancelled step is as if it had never begun.
/// </summary>
internal sealed class ReinforcementRun : IDisposable
{
    private const string PromptsTaken = "prompts";
    private const string UpdatesMade = "updates";

    private readonly TrainingRun _run;
    private readonly ReinforcementRecipe _recipe;
    private readonly ReinforcementTask _task;
    private readonly TrainedModel _policy;
    private readonly IReadOnlyList<Parameter> _trained;
    private readonly HealthLimits _limits;
    private readonly List<MetricsEntry> _history;
    private readonly Dictionary<string, HealthWarning> _warnings = [];
    private readonly double _secondsBefore;
    private readonly long _stepBefore;

    private ReinforcementRun(TrainingRun run, ReinforcementRecipe recipe, ReinforcementTask task, TrainedModel policy, IReadOnlyList<Parameter> trained, HealthLimits limits)
    {
        (_run, _recipe, _task, _policy, _trained, _limits) = (run, recipe, task, policy, trained, limits);
        _history = [.. MetricsLog.Read(Path.Combine(run.Folder, "metrics.jsonl"))];
        (_secondsBefore, _stepBefore) = (run.Seconds, run.Step);
    }

    /// <summary>Steps made.</summary>
    public long Step => _run.Step;

    /// <summary>The index of the first prompt that no step has taken.</summary>
    public long Prompt { get; set; }

    /// <summary>Updates of the policy made.</summary>
    public long Update { get; set; }

    /// <summary>Numbers of the algorithm that go on from step to step.</summary>
    public IDictionary<string, double> Numbers => _run.Numbers;

    /// <param name="algorithm">Its verb, such as grpo.</param>
    /// <param name="recipe">The recipe as JSON.</param>
    /// <param name="trained">Every parameter that is trained.</param>
    public static ReinforcementRun Open(string algorithm, ReinforcementRecipe recipe, string json, ReinforcementTask task, TrainedModel policy, IReadOnlyList<Parameter> trained, IReadOnlyList<CheckpointPart> parts, HealthLimits limits, string folder)
    {
        JsonObject settings = JsonNode.Parse(json)!.AsObject();
        JsonObject notes = task.Notes?.DeepClone().AsObject() ?? [];
        // How often it looks, and on what it is only measured, does not change the weights.
        foreach (string name in (string[])["evaluateEvery", "evaluationProblems", "checkpointEvery", "keepCheckpoints", "heldOutEnvironments", "concurrency"])
        {
            if (settings.Remove(name, out JsonNode? value))
            {
                notes[name] = value;
            }
        }
        var config = new JsonObject { ["algorithm"] = algorithm, ["recipe"] = settings, ["prompts"] = task.Prompts.Identity, ["inputs"] = task.Inputs };
        return new ReinforcementRun(TrainingRun.Open(folder, config, policy.Device, parts, recipe.KeepCheckpoints, notes), recipe, task, policy, trained, limits);
    }

    /// <summary>Makes steps to the last one, or until cancelled.</summary>
    /// <param name="step">Changes the weights by one step and fills its record. Only what it does before the first update may throw <see cref="OperationCanceledException"/>.</param>
    public ReinforcementResult Train(Action<StepRecord> step, IProgress<ReinforcementProgress>? progress, CancellationToken cancellation)
    {
        try
        {
            EvaluationResult? before = _run.Step == 0 ? Measure(cancellation) : null;
            while (_run.Step < _recipe.Steps)
            {
                cancellation.ThrowIfCancellationRequested();
                Prompt = (long)_run.Numbers.GetValueOrDefault(PromptsTaken);
                Update = (long)_run.Numbers.GetValueOrDefault(UpdatesMade);
                var record = new StepRecord();
                long began = System.Diagnostics.Stopwatch.GetTimestamp();
                step(record);
                record.Finish();
                _run.Numbers[PromptsTaken] = Prompt;
                _run.Numbers[UpdatesMade] = Update;
                double seconds = System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds;
                bool last = _run.Step + 1 == _recipe.Steps;
                // A cancellation must not undo a step that is made: its measurement is made to the end.
                EvaluationResult? evaluation = last || (_run.Step + 1) % _recipe.EvaluateEvery == 0 ? Measure(default) : null;
                Advance(record, seconds, before, evaluation, progress);
                before = null;
                if (last || _run.Step % _recipe.CheckpointEvery == 0)
                {
                    Save();
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Save();
            return new ReinforcementResult(_run.Step, false, [.. _warnings.Values]);
        }
        _run.Keep("the model", () => _policy.Save(_run.ModelPath));
        return new ReinforcementResult(_run.Step, true, [.. _warnings.Values]);
    }

    /// <inheritdoc cref="TrainingRun.RequireFinite"/>
    public double RequireFinite(IEnumerable<Parameter> parameters) => _run.RequireFinite(_policy.Device, parameters);

    public void Dispose() => _run.Dispose();

    private EvaluationResult? Measure(CancellationToken cancellation) => _task.Evaluation?.Measure(_policy, _recipe.Rollouts(), cancellation);

    private void Advance(StepRecord record, double seconds, EvaluationResult? before, EvaluationResult? after, IProgress<ReinforcementProgress>? progress)
    {
        var values = new Dictionary<string, double>(record.Values);
        var texts = new Dictionary<string, string>();
        Add(values, "before.", before);
        Add(values, "", after);
        if (before is not null)
        {
            texts["samplesBefore"] = ReinforcementSamples.Write(before.Samples);
        }
        if (after is not null)
        {
            texts["samples"] = ReinforcementSamples.Write(after.Samples);
        }
        var entry = new MetricsEntry(_run.Step + 1, values, texts);
        _history.Add(entry);
        HealthWarning[] news = [.. Health.Diagnose(_history, _limits).Where(warning => _warnings.TryAdd(warning.Signal, warning))];
        if (news.Length > 0)
        {
            texts["warnings"] = string.Join("\n", news.Select(warning => $"{warning.Signal}: {warning.Message}"));
        }
        _run.Advance(seconds, values, texts);
        double each = (_run.Seconds - _secondsBefore) / (_run.Step - _stepBefore);
        progress?.Report(new ReinforcementProgress(_run.Step, _recipe.Steps, values, (_recipe.Steps - _run.Step) * each, news, after));
    }

    private static void Add(Dictionary<string, double> values, string prefix, EvaluationResult? result)
    {
        void Put(string name, double? value)
        {
            if (value is double given)
            {
                values[prefix + name] = given;
            }
        }
        foreach (LevelScore level in result?.Levels ?? [])
        {
            Put($"accuracy.{level.Name}", level.Accuracy);
        }
        Put("trainedAccuracy", result?.Trained);
        Put("heldOutAccuracy", result?.HeldOut);
        Put("gap", result?.Trained - result?.HeldOut);
        Put("judge", result?.Judge);
        Put("winRate", result?.WinRate);
        Put("trainedAccuracyError", result?.TrainedError);
        Put("heldOutAccuracyError", result?.HeldOutError);
        Put("judgeError", result?.JudgeError);
    }

    private void Save()
    {
        // A finite gradient can still make a step beyond all numbers; such weights are never kept.
        foreach (Parameter parameter in _trained)
        {
            if (!double.IsFinite(_policy.Device.SquaredNorm(parameter.Value)))
            {
                throw _run.NotFinite($"{parameter.Name} is not finite");
            }
        }
        _run.Save();
    }
}
