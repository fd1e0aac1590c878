using System.Security.Cryptography;
using System.Text;

namespace Foretell.Evaluation.Tests;

/// <summary>
/// A small network with fixed random weights whose state depends on every token of its sequence and on the position, so that
/// a window fed differently gives other bits. With a text to learn from, its logits also follow the text's pairs of tokens.
/// </summary>
internal sealed class RecurrentPredictor : ITokenPredictor
{
    private const int Width = 8;

    private readonly float[] _embedding;
    private readonly float[] _head;
    private readonly float[,]? _pairs;

    public RecurrentPredictor(int vocabularySize, int contextLength, int seed = 1, IReadOnlyList<int>? learnFrom = null, float sharpness = 1)
    {
        VocabularySize = vocabularySize;
        ContextLength = contextLength;
        var random = new Random(seed);
        _embedding = [.. Enumerable.Range(0, vocabularySize * Width).Select(_ => random.NextSingle() - 0.5f)];
        _head = [.. Enumerable.Range(0, vocabularySize * Width).Select(_ => (random.NextSingle() - 0.5f) * sharpness)];
        if (learnFrom is not null)
        {
            _pairs = new float[vocabularySize, vocabularySize];
            for (int index = 1; index < learnFrom.Count; index++)
            {
                _pairs[learnFrom[index - 1], learnFrom[index]]++;
            }
            for (int from = 0; from < vocabularySize; from++)
            {
                for (int to = 0; to < vocabularySize; to++)
                {
                    _pairs[from, to] = MathF.Log(_pairs[from, to] + 0.05f);
                }
            }
        }
        Identity = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{vocabularySize} {contextLength} {seed} {learnFrom?.Count} {sharpness}"))));
    }

    public int VocabularySize { get; }
    public int ContextLength { get; }
    public string Identity { get; init; }
    public string Numerics { get; init; } = "test/float32";

    /// <summary>Logits handed out by whole-sequence passes.</summary>
    public long Predictions { get; private set; }

    /// <summary>Fewest tokens of context behind any prediction after the first window's.</summary>
    public int LeastContextOfLaterWindows { get; private set; } = int.MaxValue;

    public void PredictAll(ReadOnlySpan<int> tokens, int firstPosition, LogitsConsumer receive)
    {
        Assert.InRange(tokens.Length, 1, ContextLength);
        Assert.InRange(firstPosition, 0, tokens.Length - 1);
        if (Predictions > 0)
        {
            LeastContextOfLaterWindows = Math.Min(LeastContextOfLaterWindows, firstPosition + 1);
        }
        var state = new State(this);
        for (int position = 0; position < tokens.Length; position++)
        {
            ReadOnlySpan<float> logits = state.Append(tokens.Slice(position, 1));
            if (position >= firstPosition)
            {
                Predictions++;
                receive(position, logits);
            }
        }
    }

    public ITokenStepper Begin() => new State(this);

    private sealed class State(RecurrentPredictor predictor) : ITokenStepper
    {
        private readonly float[] _hidden = new float[Width];
        private readonly float[] _logits = new float[predictor.VocabularySize];
        private int _position;

        public ReadOnlySpan<float> Append(scoped ReadOnlySpan<int> tokens)
        {
            foreach (int token in tokens)
            {
                Assert.True(_position++ < predictor.ContextLength, "more tokens than the context holds");
                for (int unit = 0; unit < Width; unit++)
                {
                    _hidden[unit] = 0.9f * _hidden[(unit + 1) % Width] + predictor._embedding[token * Width + unit] + 0.001f * _position;
                }
            }
            for (int token = 0; token < _logits.Length; token++)
            {
                float sum = 0;
                for (int unit = 0; unit < Width; unit++)
                {
                    sum += _hidden[unit] * predictor._head[token * Width + unit];
                }
                _logits[token] = sum + (predictor._pairs?[tokens[^1], token] ?? 0);
            }
            return _logits;
        }

        public void Dispose()
        {
        }
    }
}
