using System.Globalization;
using Foretell.Models;
using Foretell.Nn.Optimizers;
using Foretell.Tensors.Autograd;

namespace Foretell.Training;

/// <summary>What a training run will hold in memory at once, computed before it starts.</summary>
/// <param name="Weights">Parameters in single precision.</param>
/// <param name="Gradients">As many numbers again, and a tied head's apart.</param>
/// <param name="OptimizerState">AdamW's two moments a parameter, or Muon's one a matrix element.</param>
/// <param name="Packed">Each matrix and its transpose in the kernels' own order, in single precision; with bfloat16 kernels it is half of that.</param>
/// <param name="Activations">What one micro-batch leaves behind for backpropagation.</param>
/// <param name="Passing">What comes and goes beside that: the logits held at once, the gradients on their way back, or Muon's products, whichever needs the most.</param>
public sealed record MemoryEstimate(long Weights, long Gradients, long OptimizerState, long Packed, long Activations, long Passing)
{
    /// <summary>Bytes in all.</summary>
    public long Total => Weights + Gradients + OptimizerState + Packed + Activations + Passing;

    /// <summary>The estimate for a resolved recipe.</summary>
    public static MemoryEstimate Of(TransformerConfig model, PretrainingRecipe recipe)
    {
        long parameters = model.ParameterCount;
        long matrices = model.MatrixParameters;
        bool muon = recipe.Optimizer == "muon";
        long tokens = (long)recipe.MicroBatchRows!.Value * model.ContextLength;
        int queries = model.Heads * model.HeadSize;
        int keys = model.KeyValueHeads * model.HeadSize;
        // By block: two norms, queries and keys (before the norm, after it, after rotation), values, attention's result, its
        // projection, the two sums, and the feed-forward part.
        int placed = 1 + (model.QueryKeyNorm ? 1 : 0) + (model.Positions == PositionKind.Learned ? 0 : 1);
        long perBlock = 6L * model.Channels + (placed + 1L) * queries + placed * keys + keys + (model.Gated ? 3L : 2L) * model.HiddenChannels + model.Heads;
        if (model.Dropout > 0)
        {
            perBlock += 2L * model.Channels;
        }
        long activations = tokens * (model.Layers * perBlock + 3L * model.Channels);
        long inFlight = tokens * (3L * Math.Max(model.HiddenChannels, model.Channels) + 4L * model.Channels);
        long logits = Math.Min(tokens, Tape.HeadChunkRows(model.VocabularySize)) * model.VocabularySize + tokens * model.Channels;
        long products = muon ? Math.Max(Muon.WorkingElements(queries, model.Channels), Muon.WorkingElements(model.HiddenChannels, model.Channels)) - activations : 0;
        return new MemoryEstimate(
            4 * parameters,
            4 * (parameters + (model.TiedHead ? (long)model.VocabularySize * model.Channels : 0)),
            muon ? 8 * (parameters - matrices) + 4 * matrices : 8 * parameters,
            2 * 4 * (matrices + (long)model.VocabularySize * model.Channels),
            4 * activations,
            4 * Math.Max(Math.Max(logits, inFlight), products));
    }

    /// <summary>Refuses a run that cannot fit.</summary>
    /// <param name="available">Bytes that the process may use.</param>
    /// <exception cref="InvalidOperationException">It does not fit; the message has both numbers.</exception>
    public void RequireWithin(long available)
    {
        if (Total > available)
        {
            throw new InvalidOperationException($"This run needs {Gigabytes(Total)} of memory and {Gigabytes(available)} are available: {this}. Choose a smaller model, context or microBatchRows.");
        }
    }

    public override string ToString() =>
        $"weights {Gigabytes(Weights)}, gradients {Gigabytes(Gradients)}, optimizer {Gigabytes(OptimizerState)}, packed weights {Gigabytes(Packed)}, activations {Gigabytes(Activations)}, passing through {Gigabytes(Passing)}";

    /// <summary>Bytes for people.</summary>
    public static string Gigabytes(long bytes) => bytes < 1 << 29
        ? (bytes / 1048576.0).ToString("F0", CultureInfo.InvariantCulture) + " MiB"
        : (bytes / 1073741824.0).ToString("F2", CultureInfo.InvariantCulture) + " GiB";
}
