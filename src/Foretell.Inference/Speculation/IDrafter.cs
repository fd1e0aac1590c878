namespace Foretell.Inference;

/// <summary>Guesses the tokens that sequences go on with. A guess can cost time, never change an answer.</summary>
internal interface IDrafter : IDisposable
{
    /// <summary>Guesses for the sequences of a step that have room for drafts, at most as many each.</summary>
    /// <returns>One array a sequence of the step, empty for none.</returns>
    int[][] Propose(ScheduledStep step);

    /// <summary>Says that a sequence has read on in its prompt.</summary>
    void Follow(IReadOnlyList<Sequence> sequences);

    /// <summary>Copies a block's contents, where the drafter has any.</summary>
    void Copy(BlockCopy copy);
}
