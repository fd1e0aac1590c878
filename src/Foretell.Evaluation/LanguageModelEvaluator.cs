using Foretell.Tokenizers;

namespace Foretell.Evaluation;

/// <summary>How well a model foretells a text.</summary>
/// <param name="Nats">-ln of the probability that the model gives to the whole text.</param>
/// <param name="Tokens">Number of predicted tokens, all of the text.</param>
/// <param name="Bytes">Length of the text.</param>
public readonly record struct LanguageModelScore(double Nats, long Tokens, long Bytes)
{
    /// <summary>Mean loss; not comparable between tokenizers. Not a number for an empty text.</summary>
    public double NatsPerToken => Nats / Tokens;

    /// <summary>Comparable between any models: the size of the text under the model's own code. Not a number for an empty text.</summary>
    public double BitsPerByte => Nats / Math.Log(2) / Bytes;

    /// <summary>e^(nats per token).</summary>
    public double Perplexity => Math.Exp(NatsPerToken);
}

/// <summary>
/// Bits per byte of a text of any length, over the same windows (<see cref="PredictionWindow"/>) and blocks (<see cref="TokenBlocks"/>) as
/// compression, under the exact probabilities: what <see cref="Compression.Compressor"/> would write, without the header.
/// </summary>
public sealed class LanguageModelEvaluator
{
    private readonly ITokenPredictor _predictor;
    private readonly Tokenizer _tokenizer;

    /// <exception cref="ArgumentException">The tokenizer has ids the model doesn't predict.</exception>
    public LanguageModelEvaluator(ITokenPredictor predictor, Tokenizer tokenizer)
    {
        WindowedPrediction.CheckFit(predictor, tokenizer);
        _predictor = predictor;
        _tokenizer = tokenizer;
    }

    /// <param name="text">Any bytes; read once to its end, in blocks. Where the tokenizer normalizes text, the score is of the normalized text over the bytes as they were.</param>
    /// <param name="progress">Told after each window what the score is so far.</param>
    /// <param name="cancellation">Looked at before each token.</param>
    public LanguageModelScore Evaluate(Stream text, IProgress<LanguageModelScore>? progress = null, CancellationToken cancellation = default)
    {
        var distribution = new TokenDistribution(_predictor.VocabularySize);
        double nats = 0;
        long tokens = 0;
        long bytes = 0;
        long read = 0;
        WindowedPrediction.Run(
            TokenBlocks.Read(text, _tokenizer, block => read += block.Length, mayNormalize: !_tokenizer.IsLossless),
            _predictor,
            WindowedPrediction.StartToken(_tokenizer),
            (token, logits) =>
            {
                distribution.Set(logits);
                nats += distribution.Nats(token);
                tokens++;
                bytes += _tokenizer.TokenBytes(token).Length;
            },
            () => progress?.Report(new LanguageModelScore(nats, tokens, bytes)),
            cancellation);
        return new LanguageModelScore(nats, tokens, read);
    }
}
