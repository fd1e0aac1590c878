namespace Foretell.Data;

/// <summary>How examples fill rows.</summary>
public enum PackingOrder
{
    /// <summary>Into the first of the open rows that has room: few gaps.</summary>
    FirstFit,

    /// <summary>One behind the other; a row ends where the next does not fit.</summary>
    InOrder,
}

/// <summary>
/// Examples laid into rows of equal length, several to a row, each whole. Each is a segment of its own with positions from
/// 0, so none sees another, and its tokens' losses have the bits that they have alone.
/// </summary>
public static class ChatPacking
{
    /// <summary>Rows that are kept open for a fitting example; older ones are closed.</summary>
    private const int OpenRows = 64;

    private const int PaddingSegment = 32;

    /// <summary>Which examples share a row.</summary>
    /// <param name="lengths">Of the examples, each at least 1 and at most <paramref name="contextLength"/>.</param>
    /// <param name="order">The order in which examples are laid.</param>
    /// <returns>The rows, in the order in which they were begun: indexes of examples.</returns>
    public static IReadOnlyList<IReadOnlyList<int>> Pack(IReadOnlyList<int> lengths, IEnumerable<int> order, int contextLength, PackingOrder packing)
    {
        var rows = new List<List<int>>();
        var room = new List<int>();
        int firstOpen = 0;
        foreach (int example in order)
        {
            int length = lengths[example];
            if (length < 1 || length > contextLength)
            {
                throw new ArgumentException(FormattableString.Invariant($"Example {example} takes {length} tokens of a row of {contextLength}; it must take from 1 to all."));
            }
            int row = packing == PackingOrder.InOrder ? rows.Count - 1 : firstOpen;
            while (row >= 0 && row < rows.Count && room[row] < length)
            {
                row++;
            }
            if (row < 0 || row == rows.Count)
            {
                row = rows.Count;
                rows.Add([]);
                room.Add(contextLength);
                firstOpen = Math.Max(firstOpen, rows.Count - OpenRows);
            }
            rows[row].Add(example);
            room[row] -= length;
        }
        return rows;
    }

    /// <summary>A batch of packed rows.</summary>
    /// <param name="rows">By row, the examples in it.</param>
    /// <param name="meaningless">The id of padding, which nothing is learned from.</param>
    /// <exception cref="CorpusException">No token counts; the message names the rows.</exception>
    public static Batch Build(IReadOnlyList<IReadOnlyList<ChatExample>> rows, int contextLength, int meaningless = 0)
    {
        int size = rows.Count * contextLength;
        (int[] tokens, int[] targets, int[] positions, float[] weights) = (new int[size], new int[size], new int[size], new float[size]);
        Array.Fill(tokens, meaningless);
        Array.Fill(targets, meaningless);
        var segments = new List<Segment>();
        for (int row = 0; row < rows.Count; row++)
        {
            int at = row * contextLength;
            foreach (ChatExample example in rows[row])
            {
                int length = example.Length;
                example.Ids.AsSpan(0, length).CopyTo(tokens.AsSpan(at));
                example.Ids.AsSpan(1).CopyTo(targets.AsSpan(at));
                example.Weights.AsSpan(1).CopyTo(weights.AsSpan(at));
                AddSegment(at, length);
                at += length;
            }
            // Short segments: attention over a long one would cost what a conversation costs.
            for (int end = (row + 1) * contextLength; at < end; at += PaddingSegment)
            {
                AddSegment(at, Math.Min(PaddingSegment, end - at));
            }
        }
        if (!weights.AsSpan().ContainsAnyExcept(0f))
        {
            throw new CorpusException($"A batch holds no token to learn: nothing that the assistant says counts in {string.Join("; ", rows.SelectMany(row => row).Select(example => example.Place))}.");
        }
        return new Batch { Tokens = tokens, Targets = targets, Weights = weights, Positions = positions, Segments = [.. segments], Rows = rows.Count, ContextLength = contextLength };

        void AddSegment(int start, int length)
        {
            segments.Add(new Segment(start, length));
            for (int position = 0; position < length; position++)
            {
                positions[start + position] = position;
            }
        }
    }
}
