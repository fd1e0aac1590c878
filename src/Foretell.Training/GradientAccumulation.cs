using Foretell.Data;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels;

namespace Foretell.Training;

/// <summary>
/// The gradient of a whole batch, some rows at a time. The rule that makes the result the same to the bit however the rows
/// are grouped: each row's loss counts by its weight over the weight of the whole batch, and every sum over tokens (weights'
/// gradients, gains, biases, embeddings) runs on, token by token, in the gradient itself
/// (a tied head's gradient is collected apart from the embedding's and added once a batch). It holds when a group's
/// tokens are a multiple of the kernels' <see cref="Foretell.Tensors.Kernels.IBackend.DepthStep"/> (32 on AMX).
/// </summary>
public static class GradientAccumulation
{
    /// <summary>Adds the batch's gradient to the model's parameters.</summary>
    /// <param name="microBatchRows">Rows that go through at once; at least 1.</param>
    /// <param name="dropoutSeed">Seed of this step's dropout.</param>
    /// <returns>The mean nats of the weighted targets.</returns>
    public static double Run(Transformer model, Batch batch, int microBatchRows, ulong dropoutSeed)
    {
        double totalWeight = 0;
        foreach (float weight in batch.Weights)
        {
            totalWeight += weight;
        }
        double nats = 0;
        for (int row = 0; row < batch.Rows; row += microBatchRows)
        {
            int rows = Math.Min(microBatchRows, batch.Rows - row);
            int start = row * batch.ContextLength;
            int length = rows * batch.ContextLength;
            float[] weights = batch.Weights[start..(start + length)];
            using var tape = new Tape(model.Device);
            (Tensor loss, Tensor rowNats) = model.Loss(tape, Tokens(batch, start, length), batch.Targets[start..(start + length)], weights, (float)(1 / totalWeight), new DropoutDraw(dropoutSeed, start));
            tape.Backward(loss);
            nats = Add(nats, rowNats.Span<float>(), weights);
        }
        model.Parameters.CollectGradients();
        return nats / totalWeight;
    }

    /// <summary>Σ weight × nats over a batch, without gradients.</summary>
    public static double Evaluate(Transformer model, Batch batch, int microBatchRows)
    {
        double nats = 0;
        for (int row = 0; row < batch.Rows; row += microBatchRows)
        {
            int start = row * batch.ContextLength;
            int length = Math.Min(microBatchRows, batch.Rows - row) * batch.ContextLength;
            float[] weights = batch.Weights[start..(start + length)];
            using var tape = new Tape(model.Device, recording: false);
            (_, Tensor rowNats) = model.Loss(tape, Tokens(batch, start, length), batch.Targets[start..(start + length)], weights, 1);
            nats = Add(nats, rowNats.Span<float>(), weights);
        }
        return nats;
    }

    /// <summary>The first part of the model whose output is not finite for some row of the batch; null when all are.</summary>
    public static string? FirstNonFinite(Transformer model, Batch batch, int microBatchRows)
    {
        for (int row = 0; row < batch.Rows; row += microBatchRows)
        {
            int start = row * batch.ContextLength;
            int length = Math.Min(microBatchRows, batch.Rows - row) * batch.ContextLength;
            using var tape = new Tape(model.Device, recording: false);
            if (model.FirstNonFinite(tape, Tokens(batch, start, length)) is string part)
            {
                return part;
            }
        }
        return null;
    }

    /// <summary>Goes on with a sum of weight × nats, token by token, so that grouping does not show in its bits either.</summary>
    private static double Add(double sum, ReadOnlySpan<float> nats, ReadOnlySpan<float> weights)
    {
        for (int i = 0; i < nats.Length; i++)
        {
            sum += (double)weights[i] * nats[i];
        }
        return sum;
    }

    /// <summary>Tokens [start, start + length) of a batch; both fall on row boundaries, which no segment crosses.</summary>
    private static TokenBatch Tokens(Batch batch, int start, int length)
    {
        var segments = new List<(int Start, int Length)>();
        foreach (Segment segment in batch.Segments)
        {
            if (segment.Start >= start && segment.Start < start + length)
            {
                segments.Add((segment.Start - start, segment.Length));
            }
        }
        return new TokenBatch(batch.Tokens[start..(start + length)], batch.Positions[start..(start + length)], segments);
    }
}
