using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Kernels.Cpu.Attention;

/// <summary>
/// Gradients of causal attention by recomputation (Dao et al. 2022): P = e^(q kᵀ · scale - logSumExp), dP = dResult vᵀ,
/// dS = P ∘ (dP - rowsum(dResult ∘ result)) · scale; dQ = dS k, dK = dSᵀ q, dV = Pᵀ dResult.
/// Every element of dK and dV is one sum over the group's heads and their queries in order, however the work is cut.
/// </summary>
internal sealed unsafe class AttentionBackward(
    AttentionGeometry geometry, MatrixView q, MatrixView k, MatrixView v, MatrixView result, MatrixView logSumExp, MatrixView dResult, MatrixView dQ, MatrixView dK, MatrixView dV)
{
    /// <summary>Queries that are computed together: a multiple of every engine's row panel and depth step.</summary>
    public const int BlockQueries = 64;

    /// <summary>Keys whose gradients one thread computes when a unit is shared among threads: a multiple of every panel.</summary>
    public const int ChunkKeys = 128;

    private readonly MatrixEngine _engine = geometry.Engine;

    /// <summary>The three packed right operands of a unit.</summary>
    public enum Packing
    {
        TransposedKeys,
        TransposedValues,
        Keys,
    }

    /// <summary>Bytes of a unit's three packed operands.</summary>
    public long PackedBytes(AttentionUnit unit) =>
        2 * geometry.TransposedBytes(unit.Segment.KeyCount) + geometry.StraightBytes(unit.Segment.KeyCount);

    public static int Blocks(AttentionUnit unit) => (unit.Segment.QueryCount + BlockQueries - 1) / BlockQueries;

    public static int Chunks(AttentionUnit unit) => (unit.Segment.KeyCount + ChunkKeys - 1) / ChunkKeys;

    public void Pack(AttentionUnit unit, Packing packing, byte* packed)
    {
        MatrixView source = geometry.Keys(packing == Packing.TransposedValues ? v : k, unit);
        _engine.PackRight(source, packing != Packing.Keys, packed + (int)packing * geometry.TransposedBytes(unit.Segment.KeyCount));
    }

    /// <summary>All gradients of a unit.</summary>
    public void RunUnit(AttentionUnit unit)
    {
        var buffers = Buffers.Get(geometry, unit.Segment.KeyCount, unit.Segment.KeyCount, PackedBytes(unit));
        AttentionGeometry.Prefetch(geometry.Keys(k, unit));
        AttentionGeometry.Prefetch(geometry.Keys(v, unit));
        foreach (Packing packing in Enum.GetValues<Packing>())
        {
            Pack(unit, packing, buffers.Packed);
        }
        RunKeys(unit, 0, unit.Segment.KeyCount, withQueries: true, buffers.Packed, buffers);
    }

    /// <summary>dQ of one block of one head's queries.</summary>
    public void RunQueries(AttentionUnit unit, int headOfGroup, int block, byte* packed)
    {
        var buffers = Buffers.Get(geometry, unit.Segment.KeyCount, 0, 0);
        var part = new Part(unit, headOfGroup, block * BlockQueries, 0, unit.Segment.KeyCount);
        Scores(part, packed, buffers);
        QueryGradients(part, packed, buffers);
    }

    /// <summary>dK and dV of the keys [chunk · <see cref="ChunkKeys"/>, ...).</summary>
    public void RunChunk(AttentionUnit unit, int chunk, byte* packed)
    {
        int first = chunk * ChunkKeys;
        int end = Math.Min(first + ChunkKeys, unit.Segment.KeyCount);
        RunKeys(unit, first, end, withQueries: false, packed, Buffers.Get(geometry, end - first, end - first, 0));
    }

    private void RunKeys(AttentionUnit unit, int firstKey, int endKey, bool withQueries, byte* packed, Buffers buffers)
    {
        int keys = endKey - firstKey;
        int paddedHeadSize = geometry.PaddedHeadSize;
        new Span<float>(buffers.KeyGradients, keys * paddedHeadSize).Clear();
        new Span<float>(buffers.ValueGradients, keys * paddedHeadSize).Clear();
        int firstBlock = Math.Max(0, firstKey - unit.CachedKeys) / BlockQueries;
        for (int head = 0; head < geometry.Group; head++)
        {
            for (int block = firstBlock; block < Blocks(unit); block++)
            {
                var part = new Part(unit, head, block * BlockQueries, firstKey, endKey);
                if (block + 1 < Blocks(unit))
                {
                    Prefetch(new Part(unit, head, (block + 1) * BlockQueries, firstKey, endKey));
                }
                Scores(part, packed, buffers);
                if (withQueries)
                {
                    QueryGradients(part, packed, buffers);
                }
                AddKeyGradients(part, buffers.Scores, dResult, buffers.ValueGradients, buffers);
                AddKeyGradients(part, buffers.ScoreGradients, q, buffers.KeyGradients, buffers);
            }
        }
        CopyOut(buffers.KeyGradients, geometry.Keys(dK, unit).RowRange(firstKey, keys));
        CopyOut(buffers.ValueGradients, geometry.Keys(dV, unit).RowRange(firstKey, keys));
    }

    private void Prefetch(Part part)
    {
        foreach (MatrixView operand in (ReadOnlySpan<MatrixView>)[q, result, dResult, dQ])
        {
            AttentionGeometry.Prefetch(geometry.Queries(operand, part.Unit, part.HeadOfGroup, part.FirstQuery, part.Queries));
        }
    }

    /// <summary>Fills the scratch with the part's P and dS, zero where a query does not see a key.</summary>
    private void Scores(Part part, byte* packed, Buffers buffers)
    {
        int headSize = geometry.HeadSize;
        int stride = AttentionGeometry.Stride(part.Keys);
        int head = part.Unit.KeyValueHead * geometry.Group + part.HeadOfGroup;
        MatrixView queries = geometry.Queries(q, part.Unit, part.HeadOfGroup, part.FirstQuery, part.Queries);
        MatrixView results = geometry.Queries(result, part.Unit, part.HeadOfGroup, part.FirstQuery, part.Queries);
        MatrixView gradients = geometry.Queries(dResult, part.Unit, part.HeadOfGroup, part.FirstQuery, part.Queries);
        byte* keys = packed + part.FirstKey / MatrixEngine.ColumnPanel * _engine.RightPanelBytes(headSize);
        byte* values = keys + geometry.TransposedBytes(part.Unit.Segment.KeyCount);
        for (int first = 0; first < part.Queries; first += _engine.RowPanel)
        {
            int rows = Math.Min(_engine.RowPanel, part.Queries - first);
            int visible = part.Visible(first + rows - 1);
            float* scores = buffers.Scores + (long)first * stride;
            float* scoreGradients = buffers.ScoreGradients + (long)first * stride;
            if (visible > 0)
            {
                _engine.PackLeft(queries.RowRange(first, rows), transposed: false, buffers.Left);
                geometry.Multiply(buffers.Left, keys, headSize, headSize, scores, stride, rows, visible);
                _engine.PackLeft(gradients.RowRange(first, rows), transposed: false, buffers.Left);
                geometry.Multiply(buffers.Left, values, headSize, headSize, scoreGradients, stride, rows, visible);
            }
            for (int row = 0; row < rows; row++)
            {
                float agreement = AttentionRows.Dot(gradients.FloatRow(first + row), results.FloatRow(first + row), headSize);
                float normaliser = *(float*)logSumExp.At(part.Unit.Segment.QueryStart + part.FirstQuery + first + row, head);
                AttentionRows.Gradients(scores + (long)row * stride, scoreGradients + (long)row * stride, part.Visible(first + row),
                    AttentionGeometry.WholePanels(part.Keys), geometry.Plan.Scale, normaliser, agreement, geometry.Narrow);
            }
        }
    }

    /// <summary>dQ = dS k, for a part that holds all keys.</summary>
    private void QueryGradients(Part part, byte* packed, Buffers buffers)
    {
        int stride = AttentionGeometry.Stride(part.Keys);
        int keyCount = part.Unit.Segment.KeyCount;
        byte* keys = packed + 2 * geometry.TransposedBytes(keyCount);
        MatrixView queries = geometry.Queries(dQ, part.Unit, part.HeadOfGroup, part.FirstQuery, part.Queries);
        for (int first = 0; first < part.Queries; first += _engine.RowPanel)
        {
            int rows = Math.Min(_engine.RowPanel, part.Queries - first);
            int visible = part.Visible(first + rows - 1);
            MatrixView scoreGradients = geometry.Weights(buffers.ScoreGradients + (long)first * stride, rows, visible, stride);
            _engine.PackLeft(scoreGradients, transposed: false, buffers.Left);
            geometry.Multiply(buffers.Left, keys, keyCount, visible, buffers.Sums, geometry.PaddedHeadSize, rows, geometry.HeadSize);
            CopyOut(buffers.Sums, queries.RowRange(first, rows));
        }
    }

    /// <summary>sums [keys, headSize] += scores [queries, keys]ᵀ × the part's rows of <paramref name="source"/>.</summary>
    private void AddKeyGradients(Part part, float* scores, MatrixView source, float* sums, Buffers buffers)
    {
        int paddedHeadSize = geometry.PaddedHeadSize;
        int queries = part.Queries;
        _engine.PackRight(geometry.Queries(source, part.Unit, part.HeadOfGroup, part.FirstQuery, queries), transposed: false, buffers.Right);
        _engine.PackLeft(geometry.Weights(scores, queries, part.Keys, AttentionGeometry.Stride(part.Keys)), transposed: true, buffers.Left);
        for (int first = 0; first < part.Keys; first += _engine.RowPanel)
        {
            // Queries before the first that sees any of these keys would only add zeros.
            int skipped = part.QueriesBlindTo(first) / _engine.DepthStep;
            byte* left = buffers.Left + first / _engine.RowPanel * _engine.LeftPanelBytes(queries) + skipped * _engine.LeftPanelBytes(_engine.DepthStep);
            byte* right = buffers.Right + skipped * _engine.RightPanelBytes(_engine.DepthStep);
            _engine.MultiplyPanel(left, right, _engine.RightPanelBytes(queries), _engine.Steps(queries) - skipped, sums + (long)first * paddedHeadSize, paddedHeadSize,
                Math.Min(_engine.RowPanel, part.Keys - first), paddedHeadSize, accumulate: true);
        }
    }

    private void CopyOut(float* source, MatrixView destination)
    {
        for (int row = 0; row < destination.Rows; row++)
        {
            new Span<float>(source + (long)row * geometry.PaddedHeadSize, destination.Columns).CopyTo(destination.Row<float>(row));
        }
    }

    /// <summary>One head's block of queries against a range of keys.</summary>
    private readonly struct Part
    {
        public Part(AttentionUnit unit, int headOfGroup, int firstQuery, int firstKey, int endKey)
        {
            Unit = unit;
            HeadOfGroup = headOfGroup;
            FirstQuery = firstQuery;
            Queries = Math.Min(BlockQueries, unit.Segment.QueryCount - firstQuery);
            FirstKey = firstKey;
            Keys = Math.Min(endKey, unit.CachedKeys + firstQuery + Queries) - firstKey;
        }

        public AttentionUnit Unit { get; }

        public int HeadOfGroup { get; }

        public int FirstQuery { get; }

        public int Queries { get; }

        /// <summary>A multiple of <see cref="ChunkKeys"/>.</summary>
        public int FirstKey { get; }

        /// <summary>Keys of the range that the block's last query sees; at least 1.</summary>
        public int Keys { get; }

        /// <summary>Keys of the range that a query sees.</summary>
        public int Visible(int query) => Math.Clamp(Unit.CachedKeys + FirstQuery + query + 1 - FirstKey, 0, Keys);

        /// <summary>The block's queries that see no key of the range from <paramref name="key"/> on.</summary>
        public int QueriesBlindTo(int key) => Math.Max(0, FirstKey + key - Unit.CachedKeys - FirstQuery);
    }

    /// <summary>One thread's scratch.</summary>
    private readonly struct Buffers
    {
        public readonly byte* Packed;
        public readonly byte* Left;
        public readonly byte* Right;
        public readonly float* Scores;
        public readonly float* ScoreGradients;
        public readonly float* Sums;
        public readonly float* KeyGradients;
        public readonly float* ValueGradients;
        private readonly long _bytes;

        private Buffers(AttentionGeometry geometry, int keys, int summedKeys, long packedBytes, byte* memory)
        {
            MatrixEngine engine = geometry.Engine;
            int headSize = geometry.HeadSize;
            var carver = new Carver(memory);
            Packed = carver.Take(packedBytes);
            long left = Math.Max(engine.LeftPanelBytes(headSize), engine.LeftPanelBytes(keys));
            Left = carver.Take(Math.Max(left, engine.LeftBytes(keys, BlockQueries)));
            Right = carver.Take(engine.RightBytes(BlockQueries, headSize));
            Scores = carver.TakeFloats((long)BlockQueries * AttentionGeometry.Stride(keys));
            ScoreGradients = carver.TakeFloats((long)BlockQueries * AttentionGeometry.Stride(keys));
            Sums = carver.TakeFloats((long)engine.RowPanel * geometry.PaddedHeadSize);
            KeyGradients = carver.TakeFloats((long)summedKeys * geometry.PaddedHeadSize);
            ValueGradients = carver.TakeFloats((long)summedKeys * geometry.PaddedHeadSize);
            _bytes = carver.Bytes;
        }

        public static Buffers Get(AttentionGeometry geometry, int keys, int summedKeys, long packedBytes)
        {
            var measured = new Buffers(geometry, keys, summedKeys, packedBytes, null);
            return new Buffers(geometry, keys, summedKeys, packedBytes, Scratch.Get(Scratch.Purpose.Attention, measured._bytes));
        }
    }
}
