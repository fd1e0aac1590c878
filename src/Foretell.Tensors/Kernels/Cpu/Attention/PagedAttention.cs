using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Kernels.Cpu.Attention;

/// <summary>
/// Attention over keys and values that stay packed in the blocks of a pool, for all layers of one pass; see
/// <see cref="AttentionForward"/>, whose bits it gives: a block's keys are one column panel of the scores' product, its
/// values one depth step of the result's, whose sums go on from block to block in the order of the keys.
/// Workers take whole key/value heads of a sequence while these spread evenly, else blocks of queries.
/// </summary>
internal sealed unsafe class PagedAttention
{
    private const int BlockTokens = PagedAttentionPlan.BlockTokens;

    private readonly MatrixEngine _engine;
    private readonly WorkerPool _pool;
    private readonly PagedAttentionPlan _plan;
    private readonly AttentionGeometry _geometry;
    private readonly Action<int> _work;
    private readonly long _headBytes;
    private readonly Item[] _heads;
    private readonly Item[] _parts;
    private readonly int _mostKeys;
    private readonly bool _alone;
    private readonly bool _whole;

    private MatrixView _q;
    private MatrixView _k;
    private MatrixView _v;
    private MatrixView _cache;
    private MatrixView _result;
    private Phase _phase;
    private int _taken;

    /// <param name="engine">Multiplies.</param>
    /// <param name="pool">Works.</param>
    /// <param name="plan">The geometry.</param>
    /// <param name="leastParallelWork">Pairs of a query and a key, times the head size, below which waking other workers costs more than it gives.</param>
    public PagedAttention(MatrixEngine engine, WorkerPool pool, PagedAttentionPlan plan, long leastParallelWork)
    {
        _engine = engine;
        _pool = pool;
        _plan = plan;
        _geometry = new AttentionGeometry(engine, new AttentionPlan([], plan.Heads, plan.KeyValueHeads, plan.HeadSize, plan.Scale));
        _work = _ => Work();
        _headBytes = PagedBlock.HeadBytes(engine, plan.HeadSize);
        var heads = new List<Item>(plan.Segments.Count * plan.KeyValueHeads);
        long total = 0;
        for (int segment = 0; segment < plan.Segments.Count; segment++)
        {
            PagedSegment its = plan.Segments[segment];
            if (its.QueryCount == 0)
            {
                continue;
            }
            _mostKeys = Math.Max(_mostKeys, its.KeyCount);
            // Reading a key and value costs about as much as a few queries that see them.
            long cost = Pairs(its, its.QueryCount) * _geometry.Group + 4L * its.KeyCount;
            for (int head = 0; head < plan.KeyValueHeads; head++)
            {
                heads.Add(new Item(segment, head, 0, QueryBlock.Count(_geometry, its.QueryCount), cost));
            }
            total += cost * plan.KeyValueHeads;
        }
        _heads = [.. heads];
        _parts = _heads;
        _alone = pool.Count == 1 || _heads.Length == 0 || total * plan.HeadSize < leastParallelWork;
        _whole = true;
        if (_alone)
        {
            return;
        }
        const int evenPercent = 115;
        _whole = LongestFirst.Span([.. _heads.Select(item => item.Cost)], pool.Count) * pool.Count * 100 <= total * evenPercent || _heads.All(item => item.EndBlock == 1);
        if (!_whole)
        {
            _parts = [.. _heads.SelectMany(item => Enumerable.Range(0, item.EndBlock).Select(block => item with { FirstBlock = block, EndBlock = block + 1, Cost = PartCost(item, block) }))];
        }
        Array.Sort(_parts, (a, b) => b.Cost.CompareTo(a.Cost));
    }

    /// <summary>What the workers' items do.</summary>
    private enum Phase
    {
        Everything,
        Write,
        Attend,
    }

    /// <summary>Whether this was worked out for that engine and those workers.</summary>
    public bool RunsOn(MatrixEngine engine, WorkerPool pool) => engine == _engine && pool == _pool;

    /// <summary>One layer: writes the new keys and values, then attends.</summary>
    /// <param name="q">[rows, heads × headSize], as all of them but the cache singles.</param>
    /// <param name="k">[rows, keyValueHeads × headSize].</param>
    /// <param name="v">[rows, keyValueHeads × headSize].</param>
    /// <param name="cache">A row a block.</param>
    /// <param name="result">[rows, heads × headSize].</param>
    public void Run(MatrixView q, MatrixView k, MatrixView v, MatrixView cache, MatrixView result)
    {
        (_q, _k, _v, _cache, _result) = (q, k, v, cache, result);
        if (_whole)
        {
            Run(Phase.Everything);
            return;
        }
        Run(Phase.Write);
        Run(Phase.Attend);
    }

    private void Run(Phase phase)
    {
        _phase = phase;
        _taken = 0;
        if (_alone)
        {
            Work();
        }
        else
        {
            _pool.Run(_work);
        }
    }

    /// <summary>Takes items, costliest first, until none is left.</summary>
    private void Work()
    {
        Item[] items = _phase == Phase.Attend ? _parts : _heads;
        Buffers buffers = default;
        if (_phase != Phase.Write)
        {
            var measured = new Buffers(_geometry, _mostKeys, null);
            buffers = new Buffers(_geometry, _mostKeys, Scratch.Get(Scratch.Purpose.Attention, measured.Bytes));
        }
        for (int place = Interlocked.Increment(ref _taken) - 1; place < items.Length; place = Interlocked.Increment(ref _taken) - 1)
        {
            Item item = items[place];
            PagedSegment segment = _plan.Segments[item.Segment];
            if (_phase != Phase.Attend)
            {
                Write(segment, item.Head);
            }
            for (int block = item.FirstBlock; block < item.EndBlock && _phase != Phase.Write; block++)
            {
                Attend(segment, item.Head, block, buffers);
            }
        }
    }

    private void Write(PagedSegment segment, int head)
    {
        int headSize = _geometry.HeadSize;
        int end = segment.KeyCount;
        for (int position = segment.CachedKeys; position < end;)
        {
            int first = position % BlockTokens;
            int count = Math.Min(BlockTokens - first, end - position);
            int row = segment.QueryStart + position - segment.CachedKeys;
            PagedBlock block = Block(segment.Blocks[position / BlockTokens], head);
            if (segment.TailIsStale && first > 0)
            {
                block.ClearValues(first);
            }
            block.Write(_k.Slice(row, count, head * headSize, headSize), _v.Slice(row, count, head * headSize, headSize), first);
            position += count;
        }
    }

    private void Attend(PagedSegment segment, int head, int queryBlock, Buffers buffers)
    {
        QueryBlock queries = QueryBlock.Of(_geometry, _q, _result, segment.QueryStart, segment.QueryCount, segment.CachedKeys, head, queryBlock);
        int rows = queries.Rows;
        int visible = queries.Visible(rows - 1);
        int stride = AttentionGeometry.Stride(visible);
        int headSize = _geometry.HeadSize;
        int paddedHeadSize = _geometry.PaddedHeadSize;
        _engine.PackLeft(queries.Q, transposed: false, buffers.LeftQueries);
        Scores(segment.Blocks, head, visible, rows, buffers.LeftQueries, buffers.Scores, stride);
        float* sums = stackalloc float[rows];
        for (int row = 0; row < rows; row++)
        {
            AttentionRows.Exponentials(buffers.Scores + (long)row * stride, queries.Visible(row), AttentionGeometry.WholePanels(visible),
                _geometry.Plan.Scale, _geometry.Narrow, out sums[row]);
        }
        _engine.PackLeft(_geometry.Weights(buffers.Scores, rows, visible, stride), transposed: false, buffers.LeftWeights);
        WeightedValues(segment.Blocks, head, visible, rows, buffers.LeftWeights, buffers.Sums);
        for (int row = 0; row < rows; row++)
        {
            AttentionRows.Divide(buffers.Sums + row * paddedHeadSize, sums[row], queries.Result.FloatRow(row), headSize);
        }
    }

    /// <summary>Queries times the keys that the last row sees, in whole panels; blocks that lie behind one another in the pool go in one call.</summary>
    private void Scores(int[] blocks, int head, int visible, int rows, byte* left, float* scores, int stride)
    {
        int count = PagedAttentionPlan.BlocksFor(visible);
        int steps = _engine.Steps(_geometry.HeadSize);
        for (int first = 0; first < count;)
        {
            int run = 1;
            while (first + run < count && blocks[first + run] == blocks[first] + run)
            {
                run++;
            }
            _engine.MultiplyPanel(left, Block(blocks[first], head).Keys, _cache.RowBytes, steps, scores + first * BlockTokens, stride, rows, run * BlockTokens, accumulate: false);
            first += run;
        }
    }

    /// <summary>Weights times values, block after block on the same sums.</summary>
    private void WeightedValues(int[] blocks, int head, int visible, int rows, byte* left, float* sums)
    {
        long panelBytes = _engine.RightPanelBytes(BlockTokens);
        long leftBytes = _engine.LeftPanelBytes(BlockTokens);
        int width = _geometry.PaddedHeadSize;
        for (int first = 0, block = 0; first < visible; first += BlockTokens, block++)
        {
            int steps = _engine.Steps(Math.Min(BlockTokens, visible - first));
            _engine.MultiplyPanel(left + block * leftBytes, Block(blocks[block], head).Values, panelBytes, steps, sums, width, rows, width, accumulate: first > 0);
        }
    }

    private PagedBlock Block(int block, int head) => new(_engine, _geometry.HeadSize, _cache.At(block, 0) + head * _headBytes);

    private long PartCost(Item item, int block)
    {
        PagedSegment segment = _plan.Segments[item.Segment];
        QueryBlock queries = QueryBlock.Of(_geometry, default, default, 0, segment.QueryCount, segment.CachedKeys, item.Head, block);
        return (long)queries.Rows * queries.Visible(queries.Rows - 1);
    }

    /// <summary>Pairs of one head's first <paramref name="queries"/> queries and the keys that they see.</summary>
    private static long Pairs(PagedSegment segment, int queries) => (long)queries * segment.CachedKeys + queries * (queries + 1L) / 2;

    /// <summary>Query blocks of one key/value head of one segment.</summary>
    private readonly record struct Item(int Segment, int Head, int FirstBlock, int EndBlock, long Cost);

    /// <summary>One thread's scratch.</summary>
    private readonly struct Buffers
    {
        public readonly byte* LeftQueries;
        public readonly byte* LeftWeights;
        public readonly float* Scores;
        public readonly float* Sums;
        public readonly long Bytes;

        public Buffers(AttentionGeometry geometry, int keys, byte* memory)
        {
            MatrixEngine engine = geometry.Engine;
            var carver = new Carver(memory);
            LeftQueries = carver.Take(engine.LeftPanelBytes(geometry.HeadSize));
            LeftWeights = carver.Take(engine.LeftPanelBytes(keys));
            Scores = carver.TakeFloats((long)engine.RowPanel * AttentionGeometry.Stride(keys));
            Sums = carver.TakeFloats((long)engine.RowPanel * geometry.PaddedHeadSize);
            Bytes = carver.Bytes;
        }
    }
}
