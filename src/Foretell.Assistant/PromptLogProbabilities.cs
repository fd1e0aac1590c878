using System.Globalization;
using Foretell.Inference;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;

namespace Foretell.Assistant;

/// <summary>How likely a model finds the tokens of a text that it is given; the same bits as for tokens that it writes.</summary>
public static class PromptLogProbabilities
{
    /// <summary>Positions whose scores are computed together: a large vocabulary needs much memory for each.</summary>
    private const int ScoredTogether = 128;

    /// <summary>Each token with the logarithm of its probability behind those before it, in nats; the first has none.</summary>
    /// <param name="ids">At least one, at most the context length.</param>
    /// <param name="alternatives">The likeliest tokens to be told at each place, in [0, <see cref="GenerationRequest.MostAlternatives"/>].</param>
    /// <exception cref="ArgumentException">There is no token, or one that the model does not know.</exception>
    /// <exception cref="TextTooLongException">There are more tokens than the model's context has.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public static Task<IReadOnlyList<GeneratedToken>> ComputeAsync(ForetellModel model, int[] ids, int alternatives, CancellationToken cancellation = default)
    {
        TransformerConfig config = model.Transformer.Config;
        if (ids.Length == 0 || alternatives is < 0 or > GenerationRequest.MostAlternatives)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"A text of {ids.Length} tokens with {alternatives} alternatives cannot be; give at least one token and 0 to {GenerationRequest.MostAlternatives} alternatives."));
        }
        if (ids.Length > config.ContextLength)
        {
            throw new TextTooLongException(0, ids.Length, config.ContextLength);
        }
        if (Array.FindIndex(ids, id => (uint)id >= (uint)config.VocabularySize) is >= 0 and int wrong)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"The text holds token {ids[wrong]}; the model's ids are 0 to {config.VocabularySize - 1}."));
        }
        return model.ReadInTurnAsync((transformer, ending) => Compute(transformer, Math.Min(model.Tokenizer.VocabularySize, config.VocabularySize), ids, alternatives, ending), cancellation);
    }

    private static IReadOnlyList<GeneratedToken> Compute(Transformer model, int vocabulary, int[] ids, int alternatives, CancellationToken cancellation)
    {
        var tokens = new List<GeneratedToken>(ids.Length) { new(ids[0], null, []) };
        using var tape = new Tape(model.Device, recording: false);
        Tensor hidden = model.Hidden(tape, TokenBatch.Single(ids)); // [tokens, channels]
        for (int first = 0; first < ids.Length - 1; first += ScoredTogether)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(ScoredTogether, ids.Length - 1 - first);
            using var part = new Tape(model.Device, recording: false);
            int[] rows = [.. Enumerable.Range(first, count)];
            Tensor scores = part.LogSoftmax(model.Logits(part, part.Embedding(part.Scope.From(rows, [count]), hidden))); // [count, vocabulary]
            int width = scores.Shape.Last;
            ReadOnlySpan<float> all = scores.Span<float>();
            for (int row = 0; row < count; row++)
            {
                ReadOnlySpan<float> logProbabilities = all.Slice(row * width, width);
                int next = ids[first + row + 1];
                tokens.Add(new GeneratedToken(next, logProbabilities[next], LikeliestAlternatives.Of(logProbabilities[..vocabulary], alternatives)));
            }
        }
        return tokens;
    }
}
