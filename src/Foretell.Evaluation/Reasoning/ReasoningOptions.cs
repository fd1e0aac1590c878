using Foretell.World;
using Foretell.World.Environments;

namespace Foretell.Evaluation;

/// <summary>What is asked of a model whose reasoning is measured, and how long and how often it may try.</summary>
public sealed record ReasoningOptions
{
    /// <summary>Environments with the level that is asked; at least one.</summary>
    public required IReadOnlyList<(IEnvironment Environment, int Level)> Environments { get; init; }

    /// <summary>Problems of each; at least 1.</summary>
    public int Problems { get; init; } = 100;

    /// <summary>Which problems: of the held-out split unless one wants to know what training taught.</summary>
    public WorldSplit Split { get; init; } = WorldSplit.HeldOut;

    /// <summary>Budgets of thought, in tokens; null in the list for none. At least one.</summary>
    public IReadOnlyList<int?> Budgets { get; init; } = [null];

    /// <summary>Answers to each problem, of which the first 1, 2, 4... and all vote; in [1, 128].</summary>
    public int Samples { get; init; } = 1;

    /// <summary>Of the draws; null for 0 with one sample and 1 with several.</summary>
    public double? Temperature { get; init; }

    /// <summary>The most tokens of an answer, thoughts included; at least 1.</summary>
    public int MaximumTokens { get; init; } = 512;

    /// <summary>Of the problems and the draws.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Paths whose judge gives them a lower probability are given up midway; 0 for never, in [0, 1). Needs a judge.</summary>
    public double CutBelow { get; init; }

    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    public void Validate()
    {
        if (Environments.Count == 0 || Budgets.Count == 0 || Problems < 1 || MaximumTokens < 1 || Samples is < 1 or > 128 || Temperature is < 0 || Budgets.Any(budget => budget < 0))
        {
            throw new ArgumentException(FormattableString.Invariant($"reasoning: at least one environment, one budget of at least 0 tokens, one problem, 1 to 128 samples, one token and a temperature of at least 0 are needed; there are {Environments.Count} environments, budgets {string.Join(",", Budgets.Select(budget => budget?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none"))}, {Problems} problems, {Samples} samples, {MaximumTokens} tokens and the temperature {Temperature}."));
        }
    }
}
