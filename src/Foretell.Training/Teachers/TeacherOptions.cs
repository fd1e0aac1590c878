using Microsoft.Extensions.AI;

namespace Foretell.Training;

/// <summary>How a teacher is asked.</summary>
public sealed record TeacherOptions
{
    /// <summary>Names the teacher in the file's settings: a file that another teacher began is refused.</summary>
    public required string Teacher { get; init; }

    /// <summary>Seed of principles, of who labels, and of the teacher's draws where it takes seeds.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Temperature of answers, critiques and revisions; votes are drawn at 1. At least 0.</summary>
    public float Temperature { get; init; }

    /// <summary>The most tokens of an answer, a critique or a revision.</summary>
    public int MaximumTokens { get; init; } = 512;

    /// <summary>Requests at once, at least 1; the result does not depend on it.</summary>
    public int Concurrency { get; init; } = 4;

    internal ChatOptions Chat(float temperature, int maximumTokens, long draw) => new()
    {
        Temperature = temperature,
        MaxOutputTokens = maximumTokens,
        Seed = (long)(Tensors.SeededRandom.Mix(Seed ^ Tensors.SeededRandom.Mix((ulong)draw)) >> 33),
    };
}
