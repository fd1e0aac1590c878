using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;

namespace Foretell.Training;

/// <summary>
/// An objective of tokens' log-probabilities. It is told those of one group's sequences and says how the loss changes with
/// each: fills <paramref name="derivatives"/> with ∂loss/∂log p. Both arrays have one entry a token that is foretold:
/// entry i of a sequence belongs to its id i + 1, given ids 0 to i.
/// </summary>
/// <param name="group">The group's index.</param>
/// <param name="logProbabilities">In nats, at most 0; by sequence.</param>
/// <param name="derivatives">By sequence; 0 at first, and 0 where the token does not count.</param>
public delegate void SequenceObjective(int group, IReadOnlyList<float[]> logProbabilities, IReadOnlyList<float[]> derivatives);

/// <summary>
/// Log-probabilities of sequences, and the gradient of any objective of them: since dloss = Σ ∂loss/∂log p · dlog p, one
/// pass gives the log-probabilities, the objective its derivatives by them, and cross-entropy weighted by those the
/// gradient. So an algorithm's file holds its formula and nothing else. The bits do not depend on how groups are gathered
/// into passes, and the log-probabilities are those that the engine gives when it samples.
/// </summary>
public static class SequenceGradient
{
    /// <summary>Rows that go through a model at once by default.</summary>
    public const int RowsAtOnce = 4096;

    /// <summary>The log-probabilities of each sequence's tokens, without gradients.</summary>
    /// <param name="sequences">Each of at least 2 ids.</param>
    /// <param name="rowsAtOnce">At most so many tokens go through at once; the result does not depend on it.</param>
    /// <returns>By sequence: entry i belongs to id i + 1.</returns>
    public static IReadOnlyList<float[]> LogProbabilities(Transformer model, IReadOnlyList<int[]> sequences, int rowsAtOnce = RowsAtOnce)
    {
        var result = new List<float[]>(sequences.Count);
        IReadOnlyList<IReadOnlyList<int[]>> groups = [.. sequences.Select(sequence => (IReadOnlyList<int[]>)[sequence])];
        foreach (Range range in SequenceLayout.Split(groups, rowsAtOnce))
        {
            var layout = new SequenceLayout([.. sequences.Take(range)]);
            using var tape = new Tape(model.Device, recording: false);
            result.AddRange(LogProbabilities(model, layout, model.Hidden(tape, layout.Batch)));
        }
        return result;
    }

    /// <summary>Adds the objective's gradient to the model's parameters.</summary>
    /// <param name="model">Without dropout.</param>
    /// <param name="groups">Sequences that the objective looks at together: a pair, or one alone.</param>
    /// <param name="objective">Called once a group, in order.</param>
    /// <param name="rowsAtOnce">At most so many tokens go through at once, but always whole groups; the result does not depend on it.</param>
    public static void Run(Transformer model, IReadOnlyList<IReadOnlyList<int[]>> groups, SequenceObjective objective, int rowsAtOnce = RowsAtOnce)
    {
        foreach (Range range in SequenceLayout.Split(groups, rowsAtOnce))
        {
            (int first, int count) = range.GetOffsetAndLength(groups.Count);
            var layout = new SequenceLayout([.. groups.Take(range).SelectMany(group => group)]);
            using var tape = new Tape(model.Device);
            Tensor hidden = model.Hidden(tape, layout.Batch);
            IReadOnlyList<float[]> logProbabilities = LogProbabilities(model, layout, hidden);
            float[] weights = new float[layout.Targets.Length];
            int sequence = 0;
            for (int i = 0; i < count; i++)
            {
                int size = groups[first + i].Count;
                float[][] given = [.. logProbabilities.Skip(sequence).Take(size)];
                float[][] derivatives = Array.ConvertAll(given, values => new float[values.Length]);
                objective(first + i, given, derivatives);
                foreach (float[] derivative in derivatives)
                {
                    // The loss counts nats, which are minus the log-probability.
                    for (int token = 0; token < derivative.Length; token++)
                    {
                        derivative[token] = -derivative[token];
                    }
                    layout.Put(sequence++, derivative, weights);
                }
            }
            (Tensor loss, _) = model.Loss(tape, hidden, layout.Targets, weights, scale: 1);
            tape.Backward(loss);
        }
        model.Parameters.CollectGradients();
    }

    private static List<float[]> LogProbabilities(Transformer model, SequenceLayout layout, Tensor hidden)
    {
        using var tape = new Tape(model.Device, recording: false);
        float[] ones = new float[layout.Targets.Length];
        Array.Fill(ones, 1);
        (_, Tensor nats) = model.Loss(tape, hidden, layout.Targets, ones, scale: 1);
        var result = new List<float[]>(layout.Sequences.Count);
        for (int i = 0; i < layout.Sequences.Count; i++)
        {
            float[] values = layout.Take(i, nats.Span<float>());
            for (int token = 0; token < values.Length; token++)
            {
                values[token] = -values[token];
            }
            result.Add(values);
        }
        return result;
    }
}
