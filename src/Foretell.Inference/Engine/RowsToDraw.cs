using Foretell.Tensors;

namespace Foretell.Inference;

/// <summary>The rows of a step's scores that one answer draws from, and what it drew.</summary>
/// <param name="sequence">Whose next tokens they are.</param>
/// <param name="first">The row behind its last token; each guess has the row that follows.</param>
/// <param name="guesses">What was read behind its last token.</param>
internal sealed class RowsToDraw(Sequence sequence, int first, int[] guesses)
{
    public Sequence Sequence { get; } = sequence;

    public Answer Answer => Sequence.Answer!;

    public int First { get; } = first;

    public int[] Guesses { get; } = guesses;

    /// <summary>Tokens that the sequence has before any is drawn.</summary>
    public int TokensBefore { get; } = sequence.Count;

    /// <summary>For another choice that begins now: whose keys and values it goes on from.</summary>
    public Sequence? Parent { get; init; }

    /// <summary>[1 + guesses, model's vocabulary]; null where they are not wanted.</summary>
    public Tensor? LogProbabilities { get; set; }

    /// <summary>The tokens drawn, at least one unless drawing failed.</summary>
    public List<int> Drawn { get; } = [];

    /// <summary>Guesses that were drawn.</summary>
    public int Right { get; set; }
}
