using System.Runtime.InteropServices;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Models.Tests;

/// <summary>Sequences in blocks of a pool have the logits of whole sequences, to the bit, wherever their blocks lie and in whatever pieces and company they come.</summary>
public class PagedCacheTests
{
    private const int MostTokens = 150;

    public static TheoryData<string, DType, int> Kernels
    {
        get
        {
            var data = new TheoryData<string, DType, int>();
            foreach (string kernels in CpuDevice.AvailableKernels)
            {
                for (int threads = 1; threads <= 3; threads++)
                {
                    data.Add(kernels, DType.Float32, threads);
                    data.Add(kernels, DType.BFloat16, threads);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Hidden_ManySequencesInRandomBlocksAndChunks_HasTheBitsOfEachAlone(string kernels, DType precision, int threads)
    {
        using Device device = CpuDevice.Create(kernels, threads, precision);
        // Odd heads for odd threads: parts are then shared out that are not whole heads.
        TransformerConfig config = TinyModels.Config("qwen3");
        using Transformer model = TinyModels.Random(threads == 3 ? config with { Heads = 3, KeyValueHeads = 1, HeadSize = 10 } : config, device);
        var random = new SeededRandom((ulong)(threads + 7));
        using KeyValuePool pool = model.NewPool(6 * KeyValuePool.BlocksFor(MostTokens));
        var free = new Stack<int>(Shuffled(pool.Blocks, random));
        var sequences = new List<Running>();
        for (int i = 0; i < 6; i++)
        {
            int[] ids = TinyModels.Ids(1 + random.NextInt(MostTokens), (ulong)i);
            sequences.Add(new Running(ids, TinyModels.Logits(model, TokenBatch.Single(ids)), new BlockTable()));
        }
        for (int step = 0; sequences.Exists(sequence => !sequence.Done); step++)
        {
            Running[] chosen = [.. sequences.Where(sequence => !sequence.Done && random.NextInt(4) > 0)];
            int[] counts = [.. chosen.Select(sequence => Math.Min(sequence.Ids.Length - sequence.Table.Length, random.NextInt(3) == 0 ? 1 + random.NextInt(70) : 1))];
            Extend(model, pool, free, chosen, counts, $"step {step}");
            foreach (Running sequence in chosen.Where(_ => random.NextInt(5) == 0))
            {
                sequence.Table.Truncate(random.NextInt(sequence.Table.Length + 1));
                while (random.NextInt(2) == 0 && sequence.Table.Count > KeyValuePool.BlocksFor(sequence.Table.Length))
                {
                    free.Push(sequence.Table.RemoveLast());
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Hidden_TwoSequencesOverOnePrefix_HaveTheBitsOfEachAlone(string kernels, DType precision, int threads)
    {
        using Device device = CpuDevice.Create(kernels, threads, precision);
        using Transformer model = TinyModels.Random(TinyModels.Config("llama"), device);
        using KeyValuePool pool = model.NewPool(12);
        int[] prefix = TinyModels.Ids(75, 1);
        int[] first = [.. prefix, .. TinyModels.Ids(40, 2)];
        int[] second = [.. prefix, .. TinyModels.Ids(30, 3)];
        var free = new Stack<int>([0, 1, 2, 3, 4, 5, 11, 9, 7]);
        var one = new Running(first, TinyModels.Logits(model, TokenBatch.Single(first)), new BlockTable());
        Extend(model, pool, free, [one], [75], "the prefix");
        Extend(model, pool, free, [one], [5], "the first beyond it");
        // The partly filled block already holds five of the first's own tokens, which the second must not see.
        pool.CopyBlock(one.Table.Blocks[2], 6);
        var two = new Running(second, TinyModels.Logits(model, TokenBatch.Single(second)), new BlockTable([one.Table.Blocks[0], one.Table.Blocks[1], 6], 75));
        for (int i = 0; i < 30; i += 3)
        {
            Extend(model, pool, free, [one, two], [3, 3], $"{i} tokens beyond the prefix");
        }
    }

    [Fact]
    public void Hidden_OnTheReferenceBackendInEitherPrecision_HasTheBitsOfTheWhole()
    {
        using var device = new Device(new ReferenceBackend());
        foreach (DType type in (DType[])[DType.Float32, DType.Float64])
        {
            using Transformer model = TinyModels.Random(TinyModels.Config("qwen3"), device, type: type);
            int[] ids = TinyModels.Ids(70, 5);
            using KeyValuePool pool = model.NewPool(5);
            var sequence = new Running(ids, TinyModels.Logits(model, TokenBatch.Single(ids)), new BlockTable());
            var free = new Stack<int>([1, 4, 2]);
            foreach (int count in (int[])[40, 1, 1, 28])
            {
                Extend(model, pool, free, [sequence], [count], $"{type}");
            }
        }
    }

    /// <summary>Values that are not numbers, left by tokens that were taken back, reach nobody.</summary>
    [Theory]
    [MemberData(nameof(Kernels))]
    public void Hidden_BlocksThatHeldNoNumbers_HasTheBitsOfFreshOnes(string kernels, DType precision, int threads)
    {
        using Device device = CpuDevice.Create(kernels, threads, precision);
        using Transformer model = TinyModels.Random(TinyModels.Config("qwen3"), device);
        using KeyValuePool pool = model.NewPool(4);
        pool.Memory.Span<int>().Fill(-1);
        int[] ids = TinyModels.Ids(60, 5);
        var sequence = new Running(ids, TinyModels.Logits(model, TokenBatch.Single(ids)), new BlockTable());
        var free = new Stack<int>([2, 0]);
        Extend(model, pool, free, [sequence], [37], "fresh blocks");
        sequence.Table.Truncate(11);
        for (int layer = 0; layer < pool.Layers; layer++)
        {
            Poison(model, pool, layer, sequence.Table.Blocks[0]);
        }
        Extend(model, pool, free, [sequence], [1], "after truncation");
        Extend(model, pool, free, [sequence], [48], "after truncation, the rest");
    }

    [Fact]
    public void Hidden_TablesThatDoNotFit_AreRefusedWithTheReason()
    {
        using Device device = CpuDevice.Create(threads: 1);
        using Transformer model = TinyModels.Random(TinyModels.Config("qwen3"), device);
        using KeyValuePool pool = model.NewPool(4);
        TokenBatch batch = TokenBatch.Single([1, 2, 3]);
        void Refused<TException>(string reason, TokenBatch tokens, params BlockTable[] tables)
            where TException : Exception
        {
            using var tape = new Tape(device, recording: false);
            Assert.Contains(reason, Assert.Throws<TException>(() => model.Hidden(tape, tokens, pool, tables)).Message, StringComparison.Ordinal);
        }
        Refused<ArgumentException>("one block table a segment", batch);
        Refused<InvalidOperationException>("0 blocks hold 0 tokens", batch, new BlockTable());
        Refused<ArgumentException>("block 4 lies outside a pool of 4", batch, new BlockTable([4], 0));
        Refused<ArgumentException>("begins at position 0; its sequence has 9 tokens", batch, new BlockTable([1], 9));
        var two = new TokenBatch([1, 2], [0, 0], [(0, 1), (1, 1)]);
        Refused<ArgumentException>("two sequences would write block 3", two, new BlockTable([3], 0), new BlockTable([3], 0));
        Refused<ArgumentException>("block 3 is read by one sequence while another writes it", two with { Positions = [0, 32] }, new BlockTable([3], 0), new BlockTable([3, 1], 32));
        using Transformer other = TinyModels.Random(TinyModels.Config("qwen3") with { Layers = 1 }, device);
        using var another = new Tape(device, recording: false);
        Assert.Contains("Make it by NewPool", Assert.Throws<ArgumentException>(() => other.Hidden(another, batch, pool, [new BlockTable([1], 0)])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Hidden_BeyondTheCapacityOfACache_IsRefused()
    {
        using Device device = CpuDevice.Create(threads: 1);
        using Transformer model = TinyModels.Random(TinyModels.Config("qwen3"), device);
        using KeyValueCache cache = model.NewCache(5);
        TinyModels.Logits(model, TokenBatch.Single([1, 2, 3]), cache);
        Assert.Contains("holds 5 tokens; 3 are in it and 3 more", Assert.Throws<InvalidOperationException>(() => TinyModels.Logits(model, TokenBatch.Single([1, 2, 3], 3), cache)).Message, StringComparison.Ordinal);
    }

    /// <summary>Makes the tokens behind the first 11 of a block not numbers, through the model itself: a sequence whose embedding is not a number.</summary>
    private static void Poison(Transformer model, KeyValuePool pool, int layer, int block)
    {
        using var tape = new Tape(model.Device, recording: false);
        TransformerConfig config = model.Config;
        int width = config.KeyValueHeads * config.HeadSize;
        float[] nothing = Enumerable.Repeat(float.NaN, 20 * width).ToArray();
        var plan = new Tensors.Kernels.PagedAttentionPlan([new Tensors.Kernels.PagedSegment(0, 20, 12, [block], false)], config.Heads, config.KeyValueHeads, config.HeadSize, 1);
        tape.PagedAttention(tape.Scope.Zeros([20, config.Heads * config.HeadSize]), tape.Scope.From(nothing, [20, width]), tape.Scope.From(nothing, [20, width]), pool.Memory, layer, plan);
    }

    /// <summary>Runs the next tokens of some sequences in one pass and holds their logits against those of the whole.</summary>
    private static void Extend(Transformer model, KeyValuePool pool, Stack<int> free, Running[] sequences, int[] counts, string what)
    {
        var ids = new List<int>();
        var positions = new List<int>();
        var segments = new List<(int, int)>();
        int[] starts = [.. sequences.Select(sequence => sequence.Table.Length)];
        for (int i = 0; i < sequences.Length; i++)
        {
            segments.Add((ids.Count, counts[i]));
            ids.AddRange(sequences[i].Ids.AsSpan(starts[i], counts[i]));
            positions.AddRange(Enumerable.Range(starts[i], counts[i]));
            while (sequences[i].Table.Capacity < starts[i] + counts[i])
            {
                sequences[i].Table.Add(free.Pop());
            }
        }
        if (ids.Count == 0)
        {
            return;
        }
        using var tape = new Tape(model.Device, recording: false);
        Tensor hidden = model.Hidden(tape, new TokenBatch([.. ids], [.. positions], segments), pool, [.. sequences.Select(sequence => sequence.Table)]);
        ReadOnlySpan<float> logits = model.Logits(tape, hidden).ToArray();
        int vocabulary = model.Config.VocabularySize;
        for (int i = 0; i < sequences.Length; i++)
        {
            (int start, int length) = segments[i];
            ReadOnlySpan<int> expected = MemoryMarshal.Cast<float, int>(sequences[i].Whole.AsSpan(starts[i] * vocabulary, length * vocabulary));
            ReadOnlySpan<int> actual = MemoryMarshal.Cast<float, int>(logits.Slice(start * vocabulary, length * vocabulary));
            int same = expected.CommonPrefixLength(actual);
            Assert.True(same == expected.Length, $"{what}: sequence {i}, token {starts[i] + same / vocabulary}: other bits than in the whole sequence");
            Assert.Equal(starts[i] + length, sequences[i].Table.Length);
        }
    }

    private static int[] Shuffled(int count, SeededRandom random)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int j = random.NextInt(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    private sealed record Running(int[] Ids, float[] Whole, BlockTable Table)
    {
        public bool Done => Table.Length == Ids.Length;
    }
}
