using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Kernels.Cpu.Attention;

/// <summary>
/// Attention over keys and values that stay packed in the blocks of a pool, for all layers of one pass; see
/// <see cref="AttentionForward"/>, whose bits it gives: a block's keys are one column panel of the scores' product, its
/// values one depth step of the result's, whose sums go on from block to block in the order of the keys.
/// Workers take whole key/value heads of a sequence while these spread evenly, else blocks of queries. Where many queries
/// see the same keys these are gathered first: copying a block costs less than the many small products with it.
/// </summary>
internal sealed unsafe class PagedAttention
{
    private const int BlockTokens = PagedAttentionPlan.BlockTokens;

    /// <summary>Whole row panels of queries from which on gathering pays.</summary>
    private const int LeastGatheredPanels = 4;

    /// <summary>What writing a token and starting the products costs a head, in pairs of a query and a key.</summary>
    private const int HeadCost = 600;

    /// <summary>Work below which waking other workers costs more than it gives, as a multiple of what it is for flat loops: a pair's element is multiplied twice, sixteen or more at once.</summary>
    private const int LeastParallelFactor = 8;

    private readonly MatrixEngine _engine;
    private readonly WorkerPool _pool;
    private readonly PagedAttentionPlan _plan;
    private readonly AttentionGeometry _geometry;
    private readonly Action<int> _work;
    private readonly long _headBytes;
    private readonly Item[] _heads;
    private readonly Item[] _parts;
    private readonly int _mostKeys;
    private readonly int _mostGathered;
    private readonly long _sharedBytes;
    private readonly bool _alone;
    private readonly bool _whole;

    private MatrixView _q;
    private MatrixView _k;
    private MatrixView _v;
    private MatrixView _cache;
    private MatrixView _result;
    private byte* _shared;
    private Phase _phase;
    private int _taken;

    /// <param name="engine">Multiplies.</param>
    /// <param name="pool">Works.</param>
    /// <param name="plan">The geometry.</param>
    /// <param name="leastParallelWork">Elements of a flat loop below which waking other workers costs more than it gives.</param>
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
        long shared = 0;
        for (int segment = 0; segment < plan.Segments.Count; segment++)
        {
            PagedSegment its = plan.Segments[segment];
            if (its.QueryCount == 0)
            {
                continue;
            }
            _mostKeys = Math.Max(_mostKeys, its.KeyCount);
            bool gathers = its.QueryCount / engine.RowPanel * _geometry.Group >= LeastGatheredPanels;
            _mostGathered = gathers ? Math.Max(_mostGathered, its.KeyCount) : _mostGathered;
            // Reading a key and value costs about as much as a few queries that see them.
            long cost = Pairs(its) * _geometry.Group + 4L * its.KeyCount + HeadCost;
            for (int head = 0; head < plan.KeyValueHeads; head++)
            {
                heads.Add(new Item(segment, head, 0, QueryBlock.Count(_geometry, its.QueryCount), cost, gathers ? shared : -1));
                shared += gathers ? GatheredBytes(its.KeyCount) : 0;
            }
            total += cost * plan.KeyValueHeads;
        }
        _heads = [.. heads];
        _parts = _heads;
        _alone = pool.Count == 1 || _heads.Length == 0 || total * plan.HeadSize < LeastParallelFactor * leastParallelWork;
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
        _sharedBytes = shared;
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
        _shared = Scratch.Get(Scratch.Purpose.AttentionShared, _sharedBytes);
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
            long gathered = _whole ? GatheredBytes(_mostGathered) : 0;
            var measured = new Buffers(_geometry, _mostKeys, gathered, null);
            buffers = new Buffers(_geometry, _mostKeys, gathered, Scratch.Get(Scratch.Purpose.Attention, measured.Bytes));
        }
        for (int place = Interlocked.Increment(ref _taken) - 1; place < items.Length; place = Interlocked.Increment(ref _taken) - 1)
        {
            Item item = items[place];
            // Where this worker will probably go on.
            Item next = items[Math.Min(items.Length - 1, place + (_alone ? 1 : _pool.Count))];
            PagedSegment segment = _plan.Segments[item.Segment];
            byte* gathered = item.Gathered < 0 ? null : _whole ? buffers.Gathered : _shared + item.Gathered;
            if (_phase != Phase.Attend)
            {
                Write(segment, item.Head);
                Gather(segment, item.Head, gathered);
            }
            for (int block = item.FirstBlock; block < item.EndBlock && _phase != Phase.Write; block++)
            {
                if (block + 1 < item.EndBlock)
                {
                    QueryBlock coming = Queries(segment, item.Head, block + 1);
                    AttentionGeometry.Prefetch(coming.Q);
                    AttentionGeometry.Prefetch(coming.Result);
                }
                Attend(segment, item.Head, block, gathered, next, buffers);
            }
        }
    }

    private void Write(PagedSegment segment, int head)
    {
        int headSize = _geometry.HeadSize;
        int end = segment.KeyCount;
        if (segment.QueryCount > 1)
        {
            AttentionGeometry.Prefetch(_k.Slice(segment.QueryStart, segment.QueryCount, head * headSize, headSize));
            AttentionGeometry.Prefetch(_v.Slice(segment.QueryStart, segment.QueryCount, head * headSize, headSize));
        }
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

    private void Attend(PagedSegment segment, int head, int queryBlock, byte* gathered, Item next, Buffers buffers)
    {
        QueryBlock queries = Queries(segment, head, queryBlock);
        int rows = queries.Rows;
        int visible = queries.Visible(rows - 1);
        int stride = AttentionGeometry.Stride(visible);
        int headSize = _geometry.HeadSize;
        int paddedHeadSize = _geometry.PaddedHeadSize;
        _engine.PackLeft(queries.Q, transposed: false, buffers.LeftQueries);
        int count = PagedAttentionPlan.BlocksFor(visible);
        int following = gathered == null ? Locate(segment, head, count, next, buffers.Blocks) : 0;
        if (gathered == null)
        {
            Scores(count, rows, stride, buffers);
        }
        else
        {
            _geometry.Multiply(buffers.LeftQueries, gathered, headSize, headSize, buffers.Scores, stride, rows, visible);
        }
        float* sums = stackalloc float[rows];
        for (int row = 0; row < rows; row++)
        {
            AttentionRows.Exponentials(buffers.Scores + (long)row * stride, queries.Visible(row), AttentionGeometry.WholePanels(visible),
                _geometry.Plan.Scale, _geometry.Narrow, out sums[row]);
        }
        _engine.PackLeft(_geometry.Weights(buffers.Scores, rows, visible, stride), transposed: false, buffers.LeftWeights);
        if (gathered == null)
        {
            WeightedValues(count, visible, rows, following, buffers);
        }
        else
        {
            int blocks = PagedAttentionPlan.BlocksFor(segment.KeyCount);
            _geometry.Multiply(buffers.LeftWeights, gathered + blocks * _engine.RightPanelBytes(headSize), blocks * BlockTokens, visible, buffers.Sums, paddedHeadSize, rows, headSize);
        }
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

    /// <summary>Lists where the blocks' keys and then their values lie, and the next item's first keys, to be fetched in time.</summary>
    /// <returns>How many of those.</returns>
    private int Locate(PagedSegment segment, int head, int count, Item next, byte** blocks)
    {
        for (int i = 0; i < count; i++)
        {
            PagedBlock block = Block(segment.Blocks[i], head);
            blocks[i] = block.Keys;
            blocks[count + i] = block.Values;
        }
        PagedSegment nextSegment = _plan.Segments[next.Segment];
        int following = Math.Min(MatrixEngine.BlocksAhead, PagedAttentionPlan.BlocksFor(nextSegment.KeyCount));
        for (int i = 0; i < following; i++)
        {
            blocks[2 * count + i] = Block(nextSegment.Blocks[i], next.Head).Keys;
        }
        return following;
    }

    /// <summary>Copies a head's blocks behind one another: packed [headSize, keys], then packed [keys, headSize].</summary>
    private void Gather(PagedSegment segment, int head, byte* gathered)
    {
        if (gathered == null)
        {
            return;
        }
        int count = PagedAttentionPlan.BlocksFor(segment.KeyCount);
        long keyBytes = _engine.RightPanelBytes(_geometry.HeadSize);
        long valueBytes = _engine.RightPanelBytes(BlockTokens);
        int panels = _geometry.PaddedHeadSize / MatrixEngine.ColumnPanel;
        byte* values = gathered + count * keyBytes;
        for (int i = 0; i < count; i++)
        {
            PagedBlock block = Block(segment.Blocks[i], head);
            Buffer.MemoryCopy(block.Keys, gathered + i * keyBytes, keyBytes, keyBytes);
            for (int panel = 0; panel < panels; panel++)
            {
                Buffer.MemoryCopy(block.Values + panel * valueBytes, values + (panel * (long)count + i) * valueBytes, valueBytes, valueBytes);
            }
        }
    }

    private long GatheredBytes(int keys) => PagedAttentionPlan.BlocksFor(keys) * _headBytes;

    private static Item[] Ordered(Item[] items) => [.. LongestFirst.Order([.. items.Select(item => item.Cost)]).Select(index => items[index])];

    private QueryBlock Queries(PagedSegment segment, int head, int block) =>
        QueryBlock.Of(_geometry, _q, _result, segment.QueryStart, segment.QueryCount, segment.CachedKeys, head, block);

    private PagedBlock Block(int block, int head) => new(_engine, _geometry.HeadSize, _cache.At(block, 0) + head * _headBytes);

    private long PartCost(Item item, int block)
    {
        PagedSegment segment = _plan.Segments[item.Segment];
        QueryBlock queries = QueryBlock.Of(_geometry, default, default, 0, segment.QueryCount, segment.CachedKeys, item.Head, block);
        return (long)queries.Rows * queries.Visible(queries.Rows - 1);
    }

    /// <summary>Pairs of one head's queries and the keys that they see.</summary>
    private static long Pairs(PagedSegment segment) => segment.QueryCount * (long)segment.CachedKeys + segment.QueryCount * (segment.QueryCount + 1L) / 2;

    /// <summary>Query blocks of one key/value head of one segment.</summary>
    /// <param name="Segment">Which.</param>
    /// <param name="Head">Key/value head.</param>
    /// <param name="FirstBlock">The first block.</param>
    /// <param name="EndBlock">One past the last block.</param>
    /// <param name="Cost">About how long it takes, in no unit.</param>
    /// <param name="Gathered">Where its gathered blocks go in shared memory; -1 when they are read as they lie.</param>
    private readonly record struct Item(int Segment, int Head, int FirstBlock, int EndBlock, long Cost, long Gathered);

    /// <summary>One thread's scratch.</summary>
    private readonly struct Buffers
    {
        public readonly byte* Gathered;
        public readonly byte* LeftQueries;
        public readonly byte* LeftWeights;
        public readonly float* Scores;
        public readonly float* Sums;

        /// <summary>A block's keys each, a block's values each, and what the next item reads first.</summary>
        public readonly byte** Blocks;
        public readonly long Bytes;

        public Buffers(AttentionGeometry geometry, int keys, long gatheredBytes, byte* memory)
        {
            MatrixEngine engine = geometry.Engine;
            var carver = new Carver(memory);
            Gathered = carver.Take(gatheredBytes);
            LeftQueries = carver.Take(engine.LeftPanelBytes(geometry.HeadSize));
            LeftWeights = carver.Take(engine.LeftPanelBytes(keys));
            Scores = carver.TakeFloats((long)engine.RowPanel * AttentionGeometry.Stride(keys));
            Sums = carver.TakeFloats((long)engine.RowPanel * geometry.PaddedHeadSize);
            Blocks = (byte**)carver.Take((2L * PagedAttentionPlan.BlocksFor(keys) + MatrixEngine.BlocksAhead) * sizeof(byte*));
            Bytes = carver.Bytes;
        }
    }
}
