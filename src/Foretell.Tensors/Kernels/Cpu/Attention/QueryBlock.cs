using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Kernels.Cpu.Attention;

/// <summary>
/// Query rows of one key/value head that are computed together, at most a row panel: a panel of one head's queries or, when
/// there is but one query, which all heads of the group see the same keys with, a panel of heads.
/// </summary>
/// <param name="Q">[rows, headSize].</param>
/// <param name="Result">[rows, headSize].</param>
/// <param name="Row">Row 0's row in q.</param>
/// <param name="Head">Row 0's query head.</param>
/// <param name="FirstVisible">Keys that row 0 sees.</param>
/// <param name="MoreVisible">Keys that each further row sees more; 0 when the rows are heads of one query.</param>
internal readonly record struct QueryBlock(MatrixView Q, MatrixView Result, int Row, int Head, int FirstVisible, int MoreVisible)
{
    public int Rows => Q.Rows;

    public int Visible(int row) => FirstVisible + row * MoreVisible;

    /// <summary>Blocks of a key/value head with <paramref name="queries"/> queries.</summary>
    public static int Count(AttentionGeometry geometry, int queries) => queries == 1
        ? Panels(geometry.Engine, geometry.Group)
        : geometry.Group * Panels(geometry.Engine, queries);

    /// <summary>A block of a key/value head.</summary>
    /// <param name="geometry">Of the call.</param>
    /// <param name="q">[rows, heads × headSize].</param>
    /// <param name="result">[rows, heads × headSize].</param>
    /// <param name="queryStart">First row of the segment.</param>
    /// <param name="queryCount">Rows of the segment.</param>
    /// <param name="cachedKeys">Keys before the first query's own.</param>
    /// <param name="keyValueHead">The head.</param>
    /// <param name="block">In [0, <see cref="Count"/>).</param>
    public static unsafe QueryBlock Of(AttentionGeometry geometry, MatrixView q, MatrixView result, int queryStart, int queryCount, int cachedKeys, int keyValueHead, int block)
    {
        MatrixEngine engine = geometry.Engine;
        int headSize = geometry.HeadSize;
        if (queryCount == 1)
        {
            // The group's heads of one row, seen as rows of one head.
            int first = block * engine.RowPanel;
            int heads = Math.Min(engine.RowPanel, geometry.Group - first);
            first += keyValueHead * geometry.Group;
            return new QueryBlock(
                new MatrixView(q.At(queryStart, first * headSize), q.Type, heads, headSize, headSize),
                new MatrixView(result.At(queryStart, first * headSize), result.Type, heads, headSize, headSize),
                queryStart, first, cachedKeys + 1, 0);
        }
        (int headOfGroup, int panel) = Math.DivRem(block, Panels(engine, queryCount));
        int query = panel * engine.RowPanel;
        int queries = Math.Min(engine.RowPanel, queryCount - query);
        int head = keyValueHead * geometry.Group + headOfGroup;
        return new QueryBlock(
            q.Slice(queryStart + query, queries, head * headSize, headSize),
            result.Slice(queryStart + query, queries, head * headSize, headSize),
            queryStart + query, head, cachedKeys + query + 1, 1);
    }

    private static int Panels(MatrixEngine engine, int rows) => (rows + engine.RowPanel - 1) / engine.RowPanel;
}
