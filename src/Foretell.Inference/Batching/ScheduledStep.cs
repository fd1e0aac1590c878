namespace Foretell.Inference;

/// <summary>A sequence's part of a step.</summary>
/// <param name="Sequence">Whose tokens are read.</param>
/// <param name="Tokens">How many of its pending ones, from the first on; at least 1.</param>
/// <param name="Drafts">How many guessed tokens may follow them: there is room. Above 0 only where all pending ones are read.</param>
internal readonly record struct ScheduledSequence(Sequence Sequence, int Tokens, int Drafts)
{
    /// <summary>Whether the next token can be drawn after this step.</summary>
    public bool IsComplete => Tokens == Sequence.Pending;

    /// <summary>Whether this is a prompt's part, or a text that is read again.</summary>
    public bool IsReading => Tokens > 1 || Sequence.Count == Sequence.PromptLength;
}

/// <summary>What the model reads in one pass.</summary>
internal sealed class ScheduledStep
{
    /// <summary>Each sequence once.</summary>
    public List<ScheduledSequence> Sequences { get; } = [];

    /// <summary>Blocks to copy before the pass.</summary>
    public List<BlockCopy> Copies { get; } = [];
}
