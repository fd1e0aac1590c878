using Foretell.Tokenizers;

namespace Foretell.Evaluation;

/// <summary>Runs a model over a text window by window (<see cref="PredictionWindow"/>) and hands out every token with the logits that foretold it.</summary>
internal static class WindowedPrediction
{
    public delegate void TokenConsumer(int token, ReadOnlySpan<float> logits);

    /// <param name="tokens">The text.</param>
    /// <param name="predictor">Called once a window.</param>
    /// <param name="startToken">Stands before the text.</param>
    /// <param name="receive">Called once for each token, in order.</param>
    /// <param name="windowDone">Called after each window.</param>
    /// <param name="cancellation">Looked at before each token.</param>
    public static void Run(IEnumerable<int> tokens, ITokenPredictor predictor, int startToken, TokenConsumer receive, Action windowDone, CancellationToken cancellation)
    {
        var window = new PredictionWindow(predictor.ContextLength, startToken);
        LogitsConsumer consume = (position, logits) =>
        {
            cancellation.ThrowIfCancellationRequested();
            receive(window.TargetOf(position), logits);
        };
        foreach (int token in tokens)
        {
            window.Add(token);
            if (window.IsFull)
            {
                predictor.PredictAll(window.Inputs, window.Given - 1, consume);
                windowDone();
                window.Advance();
            }
        }
        if (window.Count > window.Given)
        {
            predictor.PredictAll(window.Inputs, window.Given - 1, consume);
            windowDone();
        }
    }

    /// <summary>The token before the text: the one that begins texts, else the one that ends documents, else token 0.</summary>
    public static int StartToken(Tokenizer tokenizer) => tokenizer.BeginOfTextId ?? tokenizer.EndOfTextId ?? 0;

    /// <exception cref="ArgumentException">The tokenizer has ids that the model doesn't know.</exception>
    public static void CheckFit(ITokenPredictor predictor, Tokenizer tokenizer)
    {
        if (tokenizer.VocabularySize > predictor.VocabularySize)
        {
            throw new ArgumentException(FormattableString.Invariant($"The tokenizer has {tokenizer.VocabularySize} tokens but the model predicts {predictor.VocabularySize}; use the tokenizer that the model was trained with."), nameof(tokenizer));
        }
    }
}
