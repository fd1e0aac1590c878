using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;

namespace Foretell.Training;

/// <summary>
/// Scores that a <see cref="ScalarHead"/> gives sequences' tokens, and the gradient of any objective of them: the twin of
/// <see cref="SequenceGradient"/> for reward models and value functions. Entry i of a sequence's scores belongs to the
/// state after ids 0 to i; sequences therefore end with one id more than is scored (any id, such as the end of text).
/// </summary>
public static class ScoreGradient
{
    /// <summary>The scores at each of the sequences' tokens but the last, without gradients.</summary>
    public static IReadOnlyList<float[]> Scores(Transformer model, ScalarHead head, IReadOnlyList<int[]> sequences, int rowsAtOnce = SequenceGradient.RowsAtOnce)
    {
        var result = new List<float[]>(sequences.Count);
        IReadOnlyList<IReadOnlyList<int[]>> groups = [.. sequences.Select(sequence => (IReadOnlyList<int[]>)[sequence])];
        foreach (Range range in SequenceLayout.Split(groups, rowsAtOnce))
        {
            var layout = new SequenceLayout([.. sequences.Take(range)]);
            using var tape = new Tape(model.Device, recording: false);
            result.AddRange(Scores(layout, head.Forward(tape, model.Hidden(tape, layout.Batch))));
        }
        return result;
    }

    /// <summary>Adds the objective's gradient to the parameters of the head and of the model (where it has gradients).</summary>
    /// <param name="model">Without dropout.</param>
    /// <param name="groups">Sequences that the objective looks at together: a pair, or one alone.</param>
    /// <param name="objective">As for <see cref="SequenceGradient.Run"/>, of scores in the place of log-probabilities.</param>
    public static void Run(Transformer model, ScalarHead head, IReadOnlyList<IReadOnlyList<int[]>> groups, SequenceObjective objective, int rowsAtOnce = SequenceGradient.RowsAtOnce)
    {
        foreach (Range range in SequenceLayout.Split(groups, rowsAtOnce))
        {
            (int first, int count) = range.GetOffsetAndLength(groups.Count);
            var layout = new SequenceLayout([.. groups.Take(range).SelectMany(group => group)]);
            using var tape = new Tape(model.Device);
            Tensor scores = head.Forward(tape, model.Hidden(tape, layout.Batch));
            List<float[]> given = Scores(layout, scores);
            float[] weights = new float[layout.Targets.Length];
            int sequence = 0;
            for (int i = 0; i < count; i++)
            {
                int size = groups[first + i].Count;
                float[][] derivatives = [.. given.Skip(sequence).Take(size).Select(values => new float[values.Length])];
                objective(first + i, [.. given.Skip(sequence).Take(size)], derivatives);
                foreach (float[] derivative in derivatives)
                {
                    layout.Put(sequence++, derivative, weights);
                }
            }
            tape.Backward(tape.Sum(tape.Multiply(scores, tape.Scope.From(weights, scores.Shape))));
        }
        model.Parameters.CollectGradients();
    }

    private static List<float[]> Scores(SequenceLayout layout, Tensor scores)
    {
        var result = new List<float[]>(layout.Sequences.Count);
        for (int i = 0; i < layout.Sequences.Count; i++)
        {
            result.Add(layout.Take(i, scores.Span<float>()));
        }
        return result;
    }
}
