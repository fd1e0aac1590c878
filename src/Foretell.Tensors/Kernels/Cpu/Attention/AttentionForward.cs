using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Kernels.Cpu.Attention;

/// <summary>
/// softmax(q kᵀ · scale) v of one block of queries at a time: the block's scores for all keys that it sees are held in
/// scratch, turned into weights and multiplied with the values; the result is divided by the weights' sum at the end.
/// </summary>
internal sealed unsafe class AttentionForward(AttentionGeometry geometry, MatrixView q, MatrixView k, MatrixView v, MatrixView result, MatrixView logSumExp)
{
    private readonly MatrixEngine _engine = geometry.Engine;

    /// <summary>Bytes of a unit's packed keys and values.</summary>
    public long PackedBytes(AttentionUnit unit) =>
        geometry.TransposedBytes(unit.Segment.KeyCount) + geometry.StraightBytes(unit.Segment.KeyCount);

    public int Blocks(AttentionUnit unit) => QueryBlock.Count(geometry, unit.Segment.QueryCount);

    /// <summary>The work of a block, in pairs of a query and a key.</summary>
    public long Cost(AttentionUnit unit, int block)
    {
        QueryBlock queries = Block(unit, block);
        return (long)queries.Rows * queries.Visible(queries.Rows - 1);
    }

    public void PackKeys(AttentionUnit unit, byte* packed) =>
        _engine.PackRight(geometry.Keys(k, unit), transposed: true, packed);

    public void PackValues(AttentionUnit unit, byte* packed) =>
        _engine.PackRight(geometry.Keys(v, unit), transposed: false, packed + geometry.TransposedBytes(unit.Segment.KeyCount));

    /// <summary>Computes blocks [<paramref name="first"/>, <paramref name="end"/>) of a unit.</summary>
    /// <param name="unit">Whose keys and values are packed.</param>
    /// <param name="first">The first block.</param>
    /// <param name="end">One past the last block.</param>
    /// <param name="packed">As <see cref="PackKeys"/> and <see cref="PackValues"/> left them; null to pack them here.</param>
    public void Run(AttentionUnit unit, int first, int end, byte* packed)
    {
        int keys = unit.Segment.KeyCount;
        long packedHere = packed == null ? PackedBytes(unit) : 0;
        var measured = new Buffers(geometry, keys, packedHere, null);
        var buffers = new Buffers(geometry, keys, packedHere, Scratch.Get(Scratch.Purpose.Attention, measured.Bytes));
        if (packed == null)
        {
            packed = buffers.Packed;
            AttentionGeometry.Prefetch(geometry.Keys(k, unit));
            AttentionGeometry.Prefetch(geometry.Keys(v, unit));
            PackKeys(unit, packed);
            PackValues(unit, packed);
        }
        for (int block = first; block < end; block++)
        {
            if (block + 1 < end)
            {
                QueryBlock next = Block(unit, block + 1);
                AttentionGeometry.Prefetch(next.Q);
                AttentionGeometry.Prefetch(next.Result);
            }
            Run(Block(unit, block), keys, packed, buffers);
        }
    }

    private void Run(QueryBlock block, int keys, byte* packed, Buffers buffers)
    {
        int rows = block.Rows;
        int visible = block.Visible(rows - 1);
        int stride = AttentionGeometry.Stride(visible);
        int headSize = geometry.HeadSize;
        int paddedHeadSize = geometry.PaddedHeadSize;
        _engine.PackLeft(block.Q, transposed: false, buffers.LeftQueries);
        geometry.Multiply(buffers.LeftQueries, packed, headSize, headSize, buffers.Scores, stride, rows, visible);
        float* sums = stackalloc float[rows];
        for (int row = 0; row < rows; row++)
        {
            float maximum = AttentionRows.Exponentials(buffers.Scores + (long)row * stride, block.Visible(row), AttentionGeometry.WholePanels(visible),
                geometry.Plan.Scale, geometry.Narrow, out sums[row]);
            *LogSumExp(block, row) = maximum + VectorMath.Log(sums[row]);
        }
        _engine.PackLeft(geometry.Weights(buffers.Scores, rows, visible, stride), transposed: false, buffers.LeftWeights);
        geometry.Multiply(buffers.LeftWeights, packed + geometry.TransposedBytes(keys), keys, visible, buffers.Sums, paddedHeadSize, rows, headSize);
        for (int row = 0; row < rows; row++)
        {
            AttentionRows.Divide(buffers.Sums + row * paddedHeadSize, sums[row], block.Result.FloatRow(row), headSize);
        }
    }

    private QueryBlock Block(AttentionUnit unit, int block) =>
        QueryBlock.Of(geometry, q, result, unit.Segment.QueryStart, unit.Segment.QueryCount, unit.CachedKeys, unit.KeyValueHead, block);

    private float* LogSumExp(QueryBlock block, int row) => block.MoreVisible == 0
        ? (float*)logSumExp.At(block.Row, block.Head + row)
        : (float*)logSumExp.At(block.Row + row, block.Head);

    /// <summary>One thread's scratch.</summary>
    private readonly struct Buffers
    {
        public readonly byte* Packed;
        public readonly byte* LeftQueries;
        public readonly byte* LeftWeights;
        public readonly float* Scores;
        public readonly float* Sums;
        public readonly long Bytes;

        public Buffers(AttentionGeometry geometry, int keys, long packedBytes, byte* memory)
        {
            MatrixEngine engine = geometry.Engine;
            var carver = new Carver(memory);
            Packed = carver.Take(packedBytes);
            LeftQueries = carver.Take(engine.LeftPanelBytes(geometry.HeadSize));
            LeftWeights = carver.Take(engine.LeftPanelBytes(keys));
            Scores = carver.TakeFloats((long)engine.RowPanel * AttentionGeometry.Stride(keys));
            Sums = carver.TakeFloats((long)engine.RowPanel * geometry.PaddedHeadSize);
            Bytes = carver.Bytes;
        }
    }
}
