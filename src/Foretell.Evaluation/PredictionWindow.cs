namespace Foretell.Evaluation;

/// <summary>
/// The rule by which a text longer than the context is predicted, the same for compression, decompression and bits per
/// byte. The text is one sequence behind a start token. The first window is given the start token and predicts the
/// next C tokens, C being the context length. Every later window is given the last ⌈C/2⌉ tokens of the one before and predicts the
/// C + 1 - ⌈C/2⌉ after them. So every token is predicted exactly once, from at least ⌈C/2⌉ tokens once there are so many.
/// </summary>
public sealed class PredictionWindow
{
    private readonly int[] _tokens;
    private readonly int _carriedOver;

    /// <param name="contextLength">Most tokens that the model looks back on; at least 1.</param>
    /// <param name="startToken">Stands before the text: the end-of-text token, as between documents in training.</param>
    public PredictionWindow(int contextLength, int startToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 1);
        _tokens = new int[contextLength + 1];
        _carriedOver = (contextLength + 1) / 2;
        _tokens[0] = startToken;
        Given = Count = 1;
    }

    /// <summary>Tokens at the front that are known beforehand and predict, but are not predicted.</summary>
    public int Given { get; private set; }

    /// <summary>Tokens in the window, the given ones included.</summary>
    public int Count { get; private set; }

    public bool IsFull => Count == _tokens.Length;

    /// <summary>The tokens known beforehand, [Given].</summary>
    public ReadOnlySpan<int> GivenTokens => _tokens.AsSpan(0, Given);

    /// <summary>What the model sees, [Count - 1]: the last token is only predicted. The first logits of use are those at Given - 1.</summary>
    public ReadOnlySpan<int> Inputs => _tokens.AsSpan(0, Count - 1);

    /// <summary>The token that the logits at <paramref name="position"/> predict.</summary>
    public int TargetOf(int position) => _tokens[position + 1];

    /// <exception cref="InvalidOperationException">The window is full.</exception>
    public void Add(int token)
    {
        if (IsFull)
        {
            throw new InvalidOperationException("The window is full; advance it first.");
        }
        _tokens[Count++] = token;
    }

    /// <summary>Moves on to the next window: the last tokens of this one become the given ones.</summary>
    /// <exception cref="InvalidOperationException">The window is not full.</exception>
    public void Advance()
    {
        if (!IsFull)
        {
            throw new InvalidOperationException("Only a full window is followed by another.");
        }
        _tokens.AsSpan(Count - _carriedOver).CopyTo(_tokens);
        Given = Count = _carriedOver;
    }
}
