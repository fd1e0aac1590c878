namespace Foretell.Inference;

/// <summary>What an engine holds now and has done since it began.</summary>
/// <param name="RunningSequences">Sequences in the cache.</param>
/// <param name="WaitingSequences">Sequences that wait for a place in it.</param>
/// <param name="Blocks">Blocks of the cache.</param>
/// <param name="FreeBlocks">Of them, those that no sequence holds, what the prefix cache keeps included.</param>
/// <param name="CachedBlocks">Those that the prefix cache knows, in use or kept.</param>
/// <param name="BlockTokens">Tokens of a block.</param>
/// <param name="Steps">Passes of the model.</param>
/// <param name="PromptTokens">Prompt tokens of the requests that are over.</param>
/// <param name="CachedPromptTokens">Of them, found in the prefix cache.</param>
/// <param name="GeneratedTokens">Tokens drawn.</param>
/// <param name="DraftedTokens">Tokens guessed ahead.</param>
/// <param name="AcceptedTokens">Of them, those that were right.</param>
/// <param name="Preemptions">Times that a sequence gave up its blocks for others.</param>
public sealed record EngineStatistics(
    int RunningSequences, int WaitingSequences, int Blocks, int FreeBlocks, int CachedBlocks, int BlockTokens,
    long Steps, long PromptTokens, long CachedPromptTokens, long GeneratedTokens, long DraftedTokens, long AcceptedTokens, long Preemptions);

/// <summary>The sums behind <see cref="EngineStatistics"/>.</summary>
internal sealed class EngineCounters
{
    public long Steps { get; set; }

    public long PromptTokens { get; set; }

    public long CachedPromptTokens { get; set; }

    public long GeneratedTokens { get; set; }

    public long DraftedTokens { get; set; }

    public long AcceptedTokens { get; set; }
}
