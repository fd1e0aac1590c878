using Foretell.Tensors.Kernels;

namespace Foretell.Models;

/// <summary>
/// Tokens of one or more sequences laid end to end; nothing but <see cref="Segments"/> says which see which. A row of a
/// batch, a packed document and a lone prompt are all segments.
/// </summary>
/// <param name="Ids">[tokens].</param>
/// <param name="Positions">[tokens], each token's place in its own sequence.</param>
/// <param name="Segments">Start and length of each sequence; together they cover all tokens.</param>
public sealed record TokenBatch(int[] Ids, int[] Positions, IReadOnlyList<(int Start, int Length)> Segments)
{
    /// <summary>One sequence whose first token stands at position <paramref name="start"/>.</summary>
    public static TokenBatch Single(ReadOnlySpan<int> ids, int start = 0)
    {
        int[] positions = new int[ids.Length];
        for (int i = 0; i < positions.Length; i++)
        {
            positions[i] = start + i;
        }
        return new TokenBatch(ids.ToArray(), positions, [(0, ids.Length)]);
    }

    /// <summary>The attention segments when nothing is cached: each sequence sees itself.</summary>
    internal AttentionSegment[] SelfAttention()
    {
        var segments = new AttentionSegment[Segments.Count];
        for (int i = 0; i < segments.Length; i++)
        {
            (int start, int length) = Segments[i];
            segments[i] = new AttentionSegment(start, length, start, length);
        }
        return segments;
    }
}
