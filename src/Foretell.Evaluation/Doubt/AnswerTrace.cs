using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;

namespace Foretell.Evaluation.Doubt;

/// <summary>What a model's own pass over an answer leaves for measuring confidence.</summary>
/// <param name="LogProbabilities">Of each of the answer's tokens, in nats.</param>
/// <param name="Hidden">The hidden state at the answer's last token, after the last norm. [model size]</param>
public sealed record AnswerTrace(IReadOnlyList<double> LogProbabilities, float[] Hidden)
{
    /// <summary>Reads prompt and answer in one pass.</summary>
    /// <param name="model">The model that answered.</param>
    /// <param name="prompt">At least one token.</param>
    /// <param name="answer">At least one token.</param>
    /// <exception cref="ArgumentException">One is empty, or both together are longer than the context.</exception>
    public static AnswerTrace Read(Transformer model, ReadOnlySpan<int> prompt, ReadOnlySpan<int> answer)
    {
        int length = prompt.Length + answer.Length;
        if (prompt.IsEmpty || answer.IsEmpty || length > model.Config.ContextLength)
        {
            throw new ArgumentException($"A prompt of {prompt.Length} tokens with an answer of {answer.Length} does not fit; expected at least one of each, and at most {model.Config.ContextLength} together.");
        }
        int[] tokens = [.. prompt, .. answer];
        using var tape = new Tape(model.Device, recording: false);
        Tensor hidden = model.Hidden(tape, TokenBatch.Single(tokens));
        Tensor logProbabilities = tape.LogSoftmax(model.Logits(tape, tape.Slice(hidden, 0, prompt.Length - 1, answer.Length)));
        ReadOnlySpan<float> values = logProbabilities.Span<float>();
        double[] chosen = new double[answer.Length];
        for (int i = 0; i < answer.Length; i++)
        {
            chosen[i] = values[(i * model.Config.VocabularySize) + answer[i]];
        }
        return new AnswerTrace(chosen, tape.Slice(hidden, 0, length - 1, 1).ToArray());
    }
}
