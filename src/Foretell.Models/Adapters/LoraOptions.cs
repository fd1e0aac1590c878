namespace Foretell.Models;

/// <summary>What a low-rank adapter is like.</summary>
public sealed record LoraOptions
{
    /// <summary>Numbers between the two factors, at least 1. Default 8.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>The adapter's part is multiplied by alpha / rank. Default 16.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>Divides by the root of the rank instead (Kalajdzievski 2023). Default false.</summary>
    public bool IsRankStabilized { get; init; }

    /// <summary>Probability of dropping an input of an adapter while training, in [0, 1). Default 0.</summary>
    public float Dropout { get; init; }

    /// <summary>The last parts of the names of the projections that are adapted, as "q_proj"; empty (default) for all.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>What the adapter's part is multiplied by.</summary>
    public float Scale => (float)(Alpha / (IsRankStabilized ? Math.Sqrt(Rank) : Rank));

    /// <summary>All that decides a result, in one line.</summary>
    public override string ToString() => FormattableString.Invariant($"rank {Rank}, alpha {Alpha}{(IsRankStabilized ? " (rank-stabilized)" : "")}, dropout {Dropout}, {(Targets.Count == 0 ? "all projections" : string.Join(" ", Targets))}");
}
