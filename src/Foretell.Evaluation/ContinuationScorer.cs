using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;

namespace Foretell.Evaluation;

/// <summary>How unlikely a model finds continuations of prompts: what multiple choice is decided by.</summary>
public sealed class ContinuationScorer(Transformer model)
{
    /// <summary>-log P(continuation | prompt) in nats, for each pair.</summary>
    /// <param name="pairs">Prompt and continuation ids, at least one each; together at most one more than the context length.</param>
    public double[] Nats(IReadOnlyList<(int[] Prompt, int[] Continuation)> pairs)
    {
        var ids = new List<int>();
        var targets = new List<int>();
        var weights = new List<float>();
        var positions = new List<int>();
        var segments = new List<(int Start, int Length)>();
        foreach ((int[] prompt, int[] continuation) in pairs)
        {
            int[] whole = [.. prompt, .. continuation];
            int length = whole.Length - 1;
            if (prompt.Length == 0 || continuation.Length == 0 || length > model.Config.ContextLength)
            {
                throw new ArgumentException($"A prompt of {prompt.Length} tokens with a continuation of {continuation.Length} does not fit a context of {model.Config.ContextLength}.");
            }
            segments.Add((ids.Count, length));
            for (int i = 0; i < length; i++)
            {
                ids.Add(whole[i]);
                targets.Add(whole[i + 1]);
                weights.Add(i + 1 >= prompt.Length ? 1 : 0);
                positions.Add(i);
            }
        }
        using var tape = new Tape(model.Device, recording: false);
        (_, Tensor nats) = model.Loss(tape, new TokenBatch([.. ids], [.. positions], segments), [.. targets], [.. weights], 1);
        float[] each = nats.ToArray();
        double[] sums = new double[pairs.Count];
        for (int pair = 0; pair < sums.Length; pair++)
        {
            (int start, int length) = segments[pair];
            for (int i = start; i < start + length; i++)
            {
                sums[pair] += each[i];
            }
        }
        return sums;
    }
}
