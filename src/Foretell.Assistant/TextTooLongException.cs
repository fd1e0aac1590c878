using System.Globalization;

namespace Foretell.Assistant;

/// <summary>A text has more tokens than the model's context.</summary>
/// <param name="index">Place of the text among those given, from 0.</param>
/// <param name="tokens">Tokens of the text.</param>
/// <param name="context">The most that the model can read.</param>
public sealed class TextTooLongException(int index, int tokens, int context) : ArgumentException(string.Create(
    CultureInfo.InvariantCulture, $"embeddings: text {index} has {tokens} tokens and the model's context is {context}; shorten it or cut it into pieces."))
{
    public int Index { get; } = index;

    public int Tokens { get; } = tokens;

    public int Context { get; } = context;
}
