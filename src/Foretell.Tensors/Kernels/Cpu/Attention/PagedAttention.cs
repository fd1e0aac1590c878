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
        _parts = Ordered(_parts);
        _heads = Ordered(_heads);
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
            // Where this worker will probably go on.
            Item next = items[Math.Min(items.Length - 1, place + (_alone ? 1 : _pool.Count))];
            PagedSegment segment = _plan.Segments[item.Segment];
            if (_phase != Phase.Attend)
            {
                Write(segment, item.Head);
            }
            for (int block = item.FirstBlock; block < item.EndBlock && _phase != Phase.Write; block++)
            {
                Attend(segment, item.Head, block, next, buffers);
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

    private void Attend(PagedSegment segment, int head, int queryBlock, Item next, Buffers buffers)
    {
        QueryBlock queries = QueryBlock.Of(_geometry, _q, _result, segment.QueryStart, segment.QueryCount, segment.CachedKeys, head, queryBlock);
        int rows = queries.Rows;
        int visible = queries.Visible(rows - 1);
        int stride = AttentionGeometry.Stride(visible);
        int headSize = _geometry.HeadSize;
        int paddedHeadSize = _geometry.PaddedHeadSize;
        _engine.PackLeft(queries.Q, transposed: false, buffers.LeftQueries);
        int count = PagedAttentionPlan.BlocksFor(visible);
        for (int i = 0; i < count; i++)
        {
            PagedBlock block = Block(segment.Blocks[i], head);
            buffers.Blocks[i] = block.Keys;
            buffers.Blocks[count + i] = block.Values;
        }
        int following = Following(next, buffers.Blocks + 2 * count);
        Scores(count, rows, stride, buffers);
        float* sums = stackalloc float[rows];
        for (int row = 0; row < rows; row++)
        {
            AttentionRows.Exponentials(buffers.Scores + (long)row * stride, queries.Visible(row), AttentionGeometry.WholePanels(visible),
                _geometry.Plan.Scale, _geometry.Narrow, out sums[row]);
        }
        _engine.PackLeft(_geometry.Weights(buffers.Scores, rows, visible, stride), transposed: false, buffers.LeftWeights);
        WeightedValues(count, visible, rows, following, buffers);
        for (int row = 0; row < rows; row++)
        {
            AttentionRows.Divide(buffers.Sums + row * paddedHeadSize, sums[row], queries.Result.FloatRow(row), headSize);
        }
    }

    /// <summary>Scores for the keys that the last row sees, in whole panels.</summary>
    private void Scores(int count, int rows, int stride, Buffers buffers) => _engine.MultiplyBlocks(new BlockProducts
    {
        Left = buffers.LeftQueries,
        Rights = buffers.Blocks,
        Count = count,
        Following = count,
        RightPanelBytes = _engine.RightPanelBytes(_geometry.HeadSize),
        Panels = 1,
        Steps = _engine.Steps(_geometry.HeadSize),
        LastSteps = _engine.Steps(_geometry.HeadSize),
        Result = buffers.Scores,
        ResultBlock = BlockTokens,
        Stride = stride,
        Rows = rows,
    });

    /// <summary>Weights times values, block after block on the same sums.</summary>
    private void WeightedValues(int count, int visible, int rows, int following, Buffers buffers) => _engine.MultiplyBlocks(new BlockProducts
    {
        Left = buffers.LeftWeights,
        LeftBlockBytes = _engine.LeftPanelBytes(BlockTokens),
        Rights = buffers.Blocks + count,
        Count = count,
        Following = following,
        RightPanelBytes = _engine.RightPanelBytes(BlockTokens),
        Panels = _geometry.PaddedHeadSize / MatrixEngine.ColumnPanel,
        Steps = _engine.Steps(BlockTokens),
        LastSteps = _engine.Steps(visible - (count - 1) * BlockTokens),
        Result = buffers.Sums,
        Stride = _geometry.PaddedHeadSize,
        Rows = rows,
    });

    /// <summary>The first keys of the next item, to be fetched in time.</summary>
    private int Following(Item next, byte** blocks)
    {
        PagedSegment segment = _plan.Segments[next.Segment];
        int count = Math.Min(MatrixEngine.BlocksAhead, PagedAttentionPlan.BlocksFor(segment.KeyCount));
        for (int i = 0; i < count; i++)
        {
            blocks[i] = Block(segment.Blocks[i], next.Head).Keys;
        }
        return count;
    }

    private static Item[] Ordered(Item[] items) => [.. LongestFirst.Order([.. items.Select(item => item.Cost)]).Select(index => items[index])];

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

        /// <summary>A block's keys each, a block's values each, and what the next item reads first.</summary>
        public readonly byte** Blocks;
        public readonly long Bytes;

        public Buffers(AttentionGeometry geometry, int keys, byte* memory)
        {
            MatrixEngine engine = geometry.Engine;
            var carver = new Carver(memory);
            LeftQueries = carver.Take(engine.LeftPanelBytes(geometry.HeadSize));
            LeftWeights = carver.Take(engine.LeftPanelBytes(keys));
            Scores = carver.TakeFloats((long)engine.RowPanel * AttentionGeometry.Stride(keys));
            Sums = carver.TakeFloats((long)engine.RowPanel * geometry.PaddedHeadSize);
            Blocks = (byte**)carver.Take((2L * PagedAttentionPlan.BlocksFor(keys) + MatrixEngine.BlocksAhead) * sizeof(byte*));
            Bytes = carver.Bytes;
        }
    }
}
