namespace Foretell.Models;

/// <summary>What a published model says of how it is meant to be run; what it leaves open is null.</summary>
public sealed record GenerationDefaults
{
    /// <summary>The ids at which an answer ends: one for texts, often another for turns of a conversation. Never repeated; may be empty.</summary>
    public IReadOnlyList<int> EndIds { get; init; } = [];

    /// <summary>The id that begins a text, whether or not it is put before one.</summary>
    public int? BeginId { get; init; }

    /// <summary>Whether <see cref="BeginId"/> is put before every text (a chat template writes it itself).</summary>
    public bool AddsBegin { get; init; }

    /// <summary>What scores are divided by when the caller says nothing; at least 0.</summary>
    public double? Temperature { get; init; }

    /// <summary>Only the k likeliest tokens; 0 for all.</summary>
    public int? TopK { get; init; }

    /// <summary>Only the likeliest tokens that together hold this probability; in (0, 1].</summary>
    public double? TopP { get; init; }

    /// <summary>Only tokens at least this share as likely as the likeliest; in [0, 1].</summary>
    public double? MinP { get; init; }

    /// <summary>The divisor of the scores of tokens that occurred; above 0, 1 for none.</summary>
    public double? RepetitionPenalty { get; init; }
}
