using System.Text.Json.Nodes;

namespace Foretell.Training;

/// <summary>What a policy is to learn, and what it is measured on.</summary>
/// <param name="Prompts">What it is asked.</param>
/// <param name="Reward">What its answers bring.</param>
public sealed record ReinforcementTask(IPromptSource Prompts, RewardSum Reward)
{
    /// <summary>What is measured now and then; null for nothing.</summary>
    public HeldOutEvaluation? Evaluation { get; init; }

    /// <summary>What decides the result beside the recipe and the prompts (fingerprints of models), for config.json: a resume with others is refused.</summary>
    public string Inputs { get; init; } = "";

    /// <summary>What else config.json says (paths, so that a resume need not be told them again); null for nothing.</summary>
    public JsonObject? Notes { get; init; }
}

/// <summary>How a step went.</summary>
/// <param name="Step">Steps made, this one included.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="Values">What metrics.jsonl holds of it; see <see cref="StepRecord"/>.</param>
/// <param name="RemainingSeconds">Until the last step, at the mean speed so far.</param>
/// <param name="Warnings">What has gone wrong and had not before; see <see cref="Health"/>.</param>
/// <param name="Evaluation">Held-out measurements, where this step made some.</param>
public sealed record ReinforcementProgress(long Step, long Steps, IReadOnlyDictionary<string, double> Values, double RemainingSeconds, IReadOnlyList<HealthWarning> Warnings, EvaluationResult? Evaluation);

/// <summary>How a run ended.</summary>
/// <param name="Step">Steps made.</param>
/// <param name="IsFinished">False when it was cancelled; its last whole step is saved and it can be resumed.</param>
/// <param name="Warnings">All that was warned of.</param>
public sealed record ReinforcementResult(long Step, bool IsFinished, IReadOnlyList<HealthWarning> Warnings);
