using Foretell.Tensors.Kernels;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Cpu.Attention;
using Foretell.Tensors.Kernels.Cpu.Matrix;
using Foretell.Tensors.Tests.Matrix;

namespace Foretell.Tensors.Tests.Kernels;

/// <summary>Attention over packed blocks has the bits of attention over whole sequences, on every engine.</summary>
public sealed unsafe class PagedAttentionTests
{
    private const int BlockTokens = PagedAttentionPlan.BlockTokens;

    public static TheoryData<string> Engines => TestEngines.Names;

    public static TheoryData<string> QuickEngines => CpuAttentionTests.QuickEngines;

    [Theory]
    [MemberData(nameof(QuickEngines))]
    public void Run_PromptsInChunksThenSteps_GivesTheBitsOfTheWholeSequences(string name)
    {
        MatrixEngine engine = TestEngines.Create(name);
        foreach ((int heads, int keyValueHeads, int headSize) in ((int, int, int)[])[(4, 2, 16), (3, 3, 12), (5, 1, 33), (40, 1, 8), (2, 1, 128)])
        {
            foreach (int threads in (int[])[1, 2, 3])
            {
                using var cached = new Cached(engine, threads, heads, keyValueHeads, headSize, [100, 33, 64, 1, 131]);
                // Every sequence in pieces of its own: whole, one by one, at block ends, across them.
                cached.Pass([100, 1, 32, 1, 31]);
                cached.Pass([0, 31, 32, 0, 2]);
                cached.Pass([0, 1, 0, 0, 67]);
                for (int i = 0; i < 31; i++)
                {
                    cached.Pass([0, 0, 0, 0, 1]);
                }
                cached.AssertSameAsWhole($"{heads} heads over {keyValueHeads} of {headSize}, {threads} threads");
            }
        }
    }

    [Fact]
    public void Run_InterpretedTiles_GivesTheBitsOfTheWholeSequences()
    {
        MatrixEngine engine = TestEngines.Create("interpreted amx bfloat16");
        using var cached = new Cached(engine, 2, heads: 2, keyValueHeads: 1, headSize: 40, [37, 3]);
        cached.Pass([33, 1]);
        cached.Pass([1, 2]);
        cached.Pass([3, 0]);
        cached.AssertSameAsWhole("interpreted tiles");
    }

    [Theory]
    [MemberData(nameof(QuickEngines))]
    public void Run_AfterTruncation_GivesTheBitsOfTheWholeSequences(string name)
    {
        MatrixEngine engine = TestEngines.Create(name);
        using var cached = new Cached(engine, 1, 4, 2, 24, [90]);
        cached.Pass([70]);
        cached.PoisonFrom(0, 41, 70);
        cached.Pass([1]);
        cached.Pass([48]);
        cached.AssertSameAsWhole("truncated to 41");
    }

    /// <summary>One column or depth index written alone leaves what packing the whole would.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void WriteRight_ColumnByColumnAndRowByRow_IsThePackedOperand(string name)
    {
        MatrixEngine engine = TestEngines.Create(name);
        foreach (int size in (int[])[1, 7, 32, 33, 64, 80])
        {
            using TestMatrix source = TestMatrix.Random(BlockTokens, size, DType.Float32, size);
            AssertSame(engine.RightBytes(size, BlockTokens), expected => engine.PackRight(source.View, transposed: true, expected), written =>
            {
                for (int column = 0; column < BlockTokens; column++)
                {
                    engine.WriteRightColumn(source.View.FloatRow(column), size, column, written);
                }
            });
            AssertSame(engine.RightBytes(BlockTokens, size), expected => engine.PackRight(source.View, transposed: false, expected), written =>
            {
                for (int row = 0; row < BlockTokens; row++)
                {
                    engine.WriteRightRow(source.View.FloatRow(row), size, row, written, engine.RightPanelBytes(BlockTokens));
                }
            });
        }

        static void AssertSame(long bytes, Pack pack, Pack write)
        {
            using var expected = new AlignedMemory(bytes);
            using var written = new AlignedMemory(bytes);
            new Span<byte>(expected.Pointer, (int)bytes).Clear();
            new Span<byte>(written.Pointer, (int)bytes).Clear();
            pack(expected.Pointer);
            write(written.Pointer);
            Assert.True(new Span<byte>(expected.Pointer, (int)bytes).SequenceEqual(new Span<byte>(written.Pointer, (int)bytes)));
        }
    }

    /// <summary>The plain loops, in double precision and far-apart blocks, agree with the engines within rounding.</summary>
    [Theory]
    [MemberData(nameof(QuickEngines))]
    public void Run_AgainstPlainLoopsInDoublePrecision_Agrees(string name)
    {
        MatrixEngine engine = TestEngines.Create(name);
        using var cached = new Cached(engine, 2, 6, 2, 20, [75, 40]);
        cached.Pass([75, 39]);
        cached.Pass([0, 1]);
        (AttentionCase.Doubles result, AttentionCase.Doubles logSumExp, AttentionCase.Doubles dQ, AttentionCase.Doubles dK, AttentionCase.Doubles dV) = cached.Whole.Reference();
        using (result)
        using (logSumExp)
        using (dQ)
        using (dK)
        using (dV)
        {
            double tolerance = engine.OperandType == DType.BFloat16 ? 2e-2 : 4e-6;
            for (int row = 0; row < cached.Result.Rows; row++)
            {
                for (int column = 0; column < cached.Result.Columns; column++)
                {
                    Assert.Equal(result[row, column], cached.Result[row, column], tolerance);
                }
            }
        }
    }

    private delegate void Pack(byte* destination);

    /// <summary>Sequences side by side in one matrix, whose attention is known whole, and a pool that takes them piece by piece.</summary>
    private sealed class Cached : IDisposable
    {
        private readonly MatrixEngine _engine;
        private readonly WorkerPool _workers;
        private readonly int[] _starts;
        private readonly int[] _lengths;
        private readonly int[][] _blocks;
        private readonly bool[] _stale;
        private readonly AlignedMemory _memory;
        private readonly MatrixView _cache;

        public Cached(MatrixEngine engine, int threads, int heads, int keyValueHeads, int headSize, int[] lengths)
        {
            _engine = engine;
            _workers = new WorkerPool(threads);
            Whole = new AttentionCase(AttentionCase.Causal(heads, keyValueHeads, headSize, AttentionCase.Packed(lengths)), headSize, 3);
            Whole.Forward(engine, 1);
            Result = new TestMatrix(Whole.Rows, heads * headSize);
            _starts = [.. Whole.Plan.Segments.Select(segment => segment.QueryStart)];
            _lengths = new int[lengths.Length];
            _stale = new bool[lengths.Length];
            int blocks = lengths.Sum(PagedAttentionPlan.BlocksFor);
            // Sequences' blocks are interleaved, and descend.
            int next = 3 * blocks;
            _blocks = [.. lengths.Select(length => new int[PagedAttentionPlan.BlocksFor(length)])];
            for (int i = 0; i < _blocks.Max(table => table.Length); i++)
            {
                foreach (int[] table in _blocks.Where(table => i < table.Length))
                {
                    table[i] = i == 1 ? table[0] + 1 : next -= 2;
                }
            }
            long bytes = PagedBlock.Bytes(engine, keyValueHeads, headSize);
            Assert.Equal(0, bytes % 64);
            _memory = new AlignedMemory(bytes * (3 * blocks + 1));
            for (long i = 0; i < _memory.Bytes; i++)
            {
                _memory.Pointer[i] = 0xff;
            }
            _cache = new MatrixView(_memory.Pointer, DType.Int32, 3 * blocks + 1, (int)(bytes / sizeof(int)), bytes / sizeof(int));
        }

        public AttentionCase Whole { get; }

        public TestMatrix Result { get; }

        /// <summary>The next tokens of each sequence, all in one pass.</summary>
        public void Pass(int[] counts)
        {
            using TestMatrix q = Gather(Whole.Q, counts), k = Gather(Whole.K, counts), v = Gather(Whole.V, counts);
            using var result = new TestMatrix(q.Rows, q.Columns);
            var segments = new PagedSegment[counts.Length];
            for (int i = 0, row = 0; i < counts.Length; row += counts[i++])
            {
                segments[i] = new PagedSegment(row, counts[i], _lengths[i], _blocks[i], _stale[i]);
            }
            AttentionPlan whole = Whole.Plan;
            var plan = new PagedAttentionPlan(segments, whole.Heads, whole.KeyValueHeads, whole.HeadSize, whole.Scale);
            plan.Check(q.Rows, _cache.Rows);
            new PagedAttention(_engine, _workers, plan, leastParallelWork: 0).Run(q.View, k.View, v.View, _cache, result.View);
            for (int i = 0; i < counts.Length; i++)
            {
                for (int j = 0; j < counts[i]; j++)
                {
                    result.View.Row<float>(segments[i].QueryStart + j).CopyTo(Result.View.Row<float>(_starts[i] + _lengths[i] + j));
                }
                _lengths[i] += counts[i];
                _stale[i] &= counts[i] == 0;
            }
            result.AssertPaddingUntouched();
        }

        /// <summary>Truncates a sequence whose tokens behind were not numbers.</summary>
        public void PoisonFrom(int sequence, int length, int end)
        {
            AttentionPlan whole = Whole.Plan;
            using var nothing = new TestMatrix(end - length, whole.Heads * whole.HeadSize);
            using var result = new TestMatrix(end - length, whole.Heads * whole.HeadSize);
            var plan = new PagedAttentionPlan([new PagedSegment(0, end - length, length, _blocks[sequence], true)], whole.Heads, whole.KeyValueHeads, whole.HeadSize, whole.Scale);
            MatrixView keys = nothing.View.Slice(0, end - length, 0, whole.KeyValueHeads * whole.HeadSize);
            new PagedAttention(_engine, _workers, plan, 0).Run(nothing.View, keys, keys, _cache, result.View);
            Assert.True(float.IsNaN(result[0, 0]));
            _lengths[sequence] = length;
            _stale[sequence] = true;
        }

        public void AssertSameAsWhole(string what)
        {
            for (int row = 0; row < Result.Rows; row++)
            {
                for (int column = 0; column < Result.Columns; column++)
                {
                    if (BitConverter.SingleToInt32Bits(Whole.Result[row, column]) != BitConverter.SingleToInt32Bits(Result[row, column]))
                    {
                        Assert.Fail($"{what}: [{row}, {column}] is {Result[row, column]:R} instead of {Whole.Result[row, column]:R}");
                    }
                }
            }
        }

        public void Dispose()
        {
            _workers.Dispose();
            _memory.Dispose();
            Whole.Dispose();
            Result.Dispose();
        }

        private TestMatrix Gather(MatrixView source, int[] counts)
        {
            var rows = new TestMatrix(counts.Sum(), source.Columns);
            for (int i = 0, row = 0; i < counts.Length; i++)
            {
                for (int j = 0; j < counts[i]; j++, row++)
                {
                    source.Row<float>(_starts[i] + _lengths[i] + j).CopyTo(rows.View.Row<float>(row));
                }
            }
            return rows;
        }
    }
}
