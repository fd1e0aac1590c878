namespace Foretell.Inference;

/// <summary>
/// What one request's output must be, told token by token: which tokens may come next, and which came. Bytes are what
/// counts: a token may end inside a character, and only whole characters can come out.
/// An instance belongs to one request and is used by one thread at a time; forks are independent of each other.
/// </summary>
public interface ITokenConstraint
{
    /// <summary>
    /// Writes which tokens may come next: bit <c>id % 64</c> of <c>allowed[id / 64]</c>. Ids that end the text are allowed
    /// exactly when <see cref="IsComplete"/>; after one of them came, only they are. Other special tokens never are.
    /// </summary>
    /// <param name="allowed">[(vocabulary + 63) / 64] overwritten. Bits beyond the vocabulary become 0; ids beyond the bits, of which a model may have no scores, are left out.</param>
    /// <exception cref="InvalidOperationException">The vocabulary has no token that continues the text (one without tokens for all bytes).</exception>
    /// <exception cref="GrammarException">The grammar is so ambiguous here that following it takes too much memory; the request can't go on.</exception>
    void Mask(Span<ulong> allowed);

    /// <summary>Takes the token that was chosen.</summary>
    /// <exception cref="InvalidOperationException">The token is not allowed here; the constraint stays as it was.</exception>
    void Accept(int id);

    /// <summary>Whether the text so far is whole: it may end here, though it may also go on.</summary>
    bool IsComplete { get; }

    /// <summary>Whether the text is whole and nothing but its end may follow: generation can stop without another step of the model.</summary>
    bool MustEnd { get; }

    /// <summary>
    /// The bytes that must come next, whatever the model: empty where there is a choice (or where the text may end).
    /// They may be given to the model as tokens, each passed to <see cref="Accept"/>, without sampling.
    /// </summary>
    byte[] ForcedText();

    /// <summary>The same state, free to go another way.</summary>
    ITokenConstraint Fork();
}
