namespace Foretell.Data;

/// <summary>What <see cref="TokenShards.Prepare"/> is doing.</summary>
public enum PreparationStage
{
    /// <summary>SHA-256 of the input files.</summary>
    Hashing,

    /// <summary>Reading ahead for where <see cref="SplitMode.Tail"/> cuts.</summary>
    Measuring,

    Tokenizing,
}

/// <summary>How far a stage of <see cref="TokenShards.Prepare"/> is; told at its beginning, after each MiB and at its end.</summary>
/// <param name="Stage">What is being done.</param>
/// <param name="Bytes">Bytes of the input files, as on disk, that the stage has read.</param>
/// <param name="TotalBytes">The bytes it will read.</param>
/// <param name="Documents">Documents written.</param>
/// <param name="Tokens">Tokens written.</param>
public readonly record struct PreparationProgress(PreparationStage Stage, long Bytes, long TotalBytes, long Documents, long Tokens);
