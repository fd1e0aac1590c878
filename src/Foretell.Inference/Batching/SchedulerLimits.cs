namespace Foretell.Inference;

/// <summary>What a scheduler keeps to.</summary>
/// <param name="BatchTokens">The most tokens that one step reads; at least <paramref name="RunningSequences"/>.</param>
/// <param name="RunningSequences">The most sequences that hold blocks at once; at least 1.</param>
/// <param name="DraftingSequences">Guessed tokens are read along while no more sequences than this are being written.</param>
internal sealed record SchedulerLimits(int BatchTokens, int RunningSequences, int DraftingSequences = 0);
