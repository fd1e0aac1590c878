using Foretell.Models;

namespace Foretell.Training;

/// <summary>
/// Sequences of tokens laid end to end, each seeing only itself. A sequence of n ids takes n - 1 rows: the row of token i
/// foretells token i + 1. Its rows are filled up to a multiple of <see cref="RowStep"/>, so that a sum over rows has the
/// same bits however sequences are grouped (see <see cref="GradientAccumulation"/>).
/// </summary>
internal sealed class SequenceLayout
{
    /// <summary>The largest depth step of any kernel set.</summary>
    public const int RowStep = 32;

    private readonly int[] _starts;

    /// <param name="sequences">Each of at least 2 ids.</param>
    public SequenceLayout(IReadOnlyList<int[]> sequences)
    {
        Sequences = sequences;
        _starts = new int[sequences.Count];
        int rows = 0;
        for (int i = 0; i < sequences.Count; i++)
        {
            if (sequences[i].Length < 2)
            {
                throw new ArgumentException($"A sequence to learn from needs at least 2 tokens; number {i} has {sequences[i].Length}.");
            }
            _starts[i] = rows;
            rows += Rows(sequences[i].Length);
        }
        int[] ids = new int[rows];
        int[] positions = new int[rows];
        Targets = new int[rows];
        var segments = new List<(int Start, int Length)>(2 * sequences.Count);
        for (int i = 0; i < sequences.Count; i++)
        {
            int length = sequences[i].Length - 1;
            int start = _starts[i];
            sequences[i].AsSpan(0, length).CopyTo(ids.AsSpan(start));
            sequences[i].AsSpan(1).CopyTo(Targets.AsSpan(start));
            segments.Add((start, length));
            int padding = Rows(length + 1) - length;
            if (padding > 0)
            {
                segments.Add((start + length, padding));
            }
            for (int row = 0; row < length + padding; row++)
            {
                positions[start + row] = row < length ? row : row - length;
            }
        }
        Batch = new TokenBatch(ids, positions, segments);
    }

    public IReadOnlyList<int[]> Sequences { get; }

    public TokenBatch Batch { get; }

    /// <summary>[rows], the id that follows each row's token; 0 in padding.</summary>
    public int[] Targets { get; }

    /// <summary>Rows that a sequence of so many ids takes, padding included.</summary>
    public static int Rows(int ids) => (ids - 1 + RowStep - 1) / RowStep * RowStep;

    /// <summary>The rows of sequence <paramref name="index"/> out of a value a row.</summary>
    public float[] Take(int index, ReadOnlySpan<float> rows) => rows.Slice(_starts[index], Sequences[index].Length - 1).ToArray();

    /// <summary>Puts a value a row of sequence <paramref name="index"/> into its place.</summary>
    public void Put(int index, ReadOnlySpan<float> values, Span<float> rows) => values.CopyTo(rows.Slice(_starts[index], Sequences[index].Length - 1));

    /// <summary>Groups cut into stretches of at most <paramref name="rowsAtOnce"/> rows (a single group may be longer).</summary>
    public static IEnumerable<Range> Split(IReadOnlyList<IReadOnlyList<int[]>> groups, int rowsAtOnce)
    {
        int start = 0;
        int rows = 0;
        for (int i = 0; i < groups.Count; i++)
        {
            int more = 0;
            foreach (int[] sequence in groups[i])
            {
                more += Rows(sequence.Length);
            }
            if (i > start && rows + more > rowsAtOnce)
            {
                yield return start..i;
                (start, rows) = (i, 0);
            }
            rows += more;
        }
        if (start < groups.Count)
        {
            yield return start..groups.Count;
        }
    }
}
