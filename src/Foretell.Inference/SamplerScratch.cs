using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Inference;

/// <summary>The memory that a draw works in: as long as the vocabulary, nothing of it lasts, so that requests share it in turn.</summary>
/// <param name="vocabulary">Number of ids.</param>
internal sealed class SamplerScratch(int vocabulary)
{
    /// <summary>Scores that were changed by penalties, biases or a mask.</summary>
    public float[] Scores { get; } = new float[vocabulary];

    /// <summary>[vocabulary], probabilities up to a factor.</summary>
    public float[] Weights { get; } = new float[vocabulary];

    /// <summary>[blocks], see <see cref="TokenScores.Weights"/>.</summary>
    public float[] Sums { get; } = new float[TokenScores.BlockCount(vocabulary)];

    /// <summary>[blocks].</summary>
    public float[] Maxima { get; } = new float[TokenScores.BlockCount(vocabulary)];

    /// <summary>Ids that may be drawn, ascending.</summary>
    public int[] Candidates { get; } = new int[vocabulary];

    /// <summary>The same ids while they are partitioned.</summary>
    public int[] Partitioned { get; } = new int[vocabulary];
}
