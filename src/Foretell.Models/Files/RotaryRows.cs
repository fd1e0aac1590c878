namespace Foretell.Models.Files;

/// <summary>
/// The order of the rows of queries and keys. Hugging Face pairs element i of a head with element i + headSize / 2; GGUF
/// files of the llama architecture pair neighbours, so that their rows are those of a head's halves in turn.
/// </summary>
internal static class RotaryRows
{
    /// <summary>Whether a parameter of a llama is one whose rows are in another order in GGUF.</summary>
    public static bool Concerns(TransformerConfig config, string parameter) =>
        config.Architecture == "llama" && (parameter.Contains("self_attn.q_proj.", StringComparison.Ordinal) || parameter.Contains("self_attn.k_proj.", StringComparison.Ordinal));

    /// <summary>The row of the paired-halves order that stands at <paramref name="row"/> of the paired-neighbours order.</summary>
    public static long HalvesFromNeighbours(long row, int headSize)
    {
        long head = row / headSize, within = row % headSize;
        return head * headSize + within % 2 * (headSize / 2) + within / 2;
    }

    /// <summary>The row of the paired-neighbours order that stands at <paramref name="row"/> of the paired-halves order.</summary>
    public static long NeighboursFromHalves(long row, int headSize)
    {
        long head = row / headSize, within = row % headSize;
        return head * headSize + within % (headSize / 2) * 2 + within / (headSize / 2);
    }
}
