using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors.Autograd;
using Foretell.Tokenizers;

namespace Foretell.Inference;

/// <summary>What a generation gave.</summary>
/// <param name="Text">The answer, without the prompt and without stop strings.</param>
/// <param name="Ids">Its tokens, in the order drawn; a closing end-of-text token is left out.</param>
/// <param name="ThinkingTokens">Of them, those of thought; 0 where no <see cref="ThinkingOptions"/> were given.</param>
public sealed record Generation(string Text, IReadOnlyList<int> Ids, FinishReason Reason, int ThinkingTokens = 0);

/// <summary>Continues texts with a model, one at a time, with a key-value cache: the plain form of what <see cref="Engine"/> does for many.</summary>
/// <param name="endIds">Ids that end an answer; null for the tokenizer's end of text.</param>
public sealed class TextGenerator(Transformer model, Tokenizer tokenizer, IReadOnlyList<int>? endIds = null)
{
    private readonly IReadOnlyList<int> _endIds = endIds ?? (tokenizer.EndOfTextId is int end ? [end] : []);

    /// <summary>Continues a prompt.</summary>
    /// <param name="prompt">At least one token, and fewer than the context length.</param>
    /// <param name="onText">Receives the text piece by piece as it becomes certain; always whole characters.</param>
    /// <param name="thinking">How long the model may think; null for as long as it likes.</param>
    /// <exception cref="ArgumentException">The prompt is empty or fills the context, or an option is out of its range.</exception>
    public Generation Generate(ReadOnlySpan<int> prompt, SamplingOptions options, Action<string>? onText = null, ThinkingOptions? thinking = null, CancellationToken cancellation = default)
    {
        thinking?.Validate();
        if (prompt.Length == 0 || prompt.Length >= model.Config.ContextLength)
        {
            throw new ArgumentException(prompt.Length == 0
                ? "The prompt has no tokens; give at least one."
                : $"The prompt has {prompt.Length} tokens and the model's context {model.Config.ContextLength}; a prompt must leave room for an answer.");
        }
        var sampler = new Sampler(options, model.Config.VocabularySize);
        foreach (int id in prompt)
        {
            sampler.ObservePrompt(id);
        }
        var text = new System.Text.StringBuilder();
        var answer = new AnswerText(tokenizer, prompt, options.StopStrings);
        var ids = new List<int>();
        void Emit(string piece)
        {
            if (piece.Length > 0)
            {
                text.Append(piece);
                onText?.Invoke(piece);
            }
        }
        using KeyValueCache cache = model.NewCache((int)Math.Min(model.Config.ContextLength, (long)prompt.Length + options.MaximumTokens));
        ThinkingTracker? tracker = thinking is null ? null : new ThinkingTracker(thinking, tokenizer, _endIds, Math.Min(tokenizer.VocabularySize, model.Config.VocabularySize));
        ReadOnlySpan<int> input = prompt;
        FinishReason reason = FinishReason.Length;
        while (ids.Count < options.MaximumTokens)
        {
            cancellation.ThrowIfCancellationRequested();
            if (cache.Length + input.Length > model.Config.ContextLength)
            {
                reason = FinishReason.ContextFull;
                break;
            }
            ReadOnlySpan<float> scores = Score(input, cache);
            if (tracker is null || !tracker.TryForce([], out int next))
            {
                next = sampler.Next(scores, ids.Count, tracker is null ? [] : tracker.Restrict([]));
            }
            if (_endIds.Contains(next))
            {
                reason = FinishReason.Stop;
                break;
            }
            ids.Add(next);
            sampler.Observe(next);
            tracker?.Accept(next);
            Emit(answer.Append(next));
            if (answer.Stopped is not null)
            {
                reason = FinishReason.Stop;
                break;
            }
            input = new int[] { next };
        }
        Emit(answer.Finish());
        return new Generation(text.ToString(), ids, reason, tracker?.Tokens ?? 0);
    }

    /// <summary>Runs tokens through the model and returns the scores after the last, of the ids that the tokenizer knows: published models pad their vocabulary.</summary>
    private ReadOnlySpan<float> Score(ReadOnlySpan<int> ids, KeyValueCache cache)
    {
        using var tape = new Tape(model.Device, recording: false);
        Foretell.Tensors.Tensor hidden = model.Hidden(tape, TokenBatch.Single(ids, cache.Length), cache);
        float[] scores = model.Logits(tape, tape.Slice(hidden, 0, ids.Length - 1, 1)).ToArray();
        return scores.AsSpan(0, Math.Min(scores.Length, tokenizer.VocabularySize));
    }
}
