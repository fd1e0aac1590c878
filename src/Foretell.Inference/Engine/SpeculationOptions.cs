namespace Foretell.Inference;

/// <summary>
/// Guessing tokens ahead, so that one pass of the model can check several (Leviathan et al. 2023; prompt lookup: Saxena
/// 2023). Each place is drawn from the model's own scores by the request's own draw, and a guess counts only where it is
/// what was drawn: the answers are the same to the bit, for any temperature. Guesses come from the draft model, where
/// the engine was given one, else from earlier text.
/// </summary>
public sealed record SpeculationOptions
{
    /// <summary>The most tokens guessed at once; at least 1. Default 4.</summary>
    public int Tokens { get; init; } = 4;

    /// <summary>The longest run of last tokens that is looked for in the text before, to guess what followed it there; at least 1. Default 4.</summary>
    public int LongestMatch { get; init; } = 4;

    /// <summary>The shortest run that counts; in [1, <see cref="LongestMatch"/>]. Default 2.</summary>
    public int ShortestMatch { get; init; } = 2;

    /// <summary>Nothing is guessed while more sequences than this are read or written: a full batch has no time to waste. Default 4.</summary>
    public int MaximumSequences { get; init; } = 4;

    /// <summary>Throws one sentence that names the first option out of its range.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public void Validate()
    {
        if (Tokens < 1 || ShortestMatch < 1 || LongestMatch < ShortestMatch || MaximumSequences < 1)
        {
            throw new ArgumentException(FormattableString.Invariant($"speculation: tokens ({Tokens}), the shortest match ({ShortestMatch}) and the sequences ({MaximumSequences}) must be at least 1, and the longest match ({LongestMatch}) no shorter than the shortest."));
        }
    }
}
