using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Kernels.Cpu.Attention;

/// <summary>
/// Causal attention on all workers. Workers take whole units (a segment's key/value head with its query heads) while these
/// spread evenly, else parts of units over operands packed once for all. Neither choice shows in the bits.
/// </summary>
/// <param name="engine">Multiplies.</param>
/// <param name="pool">Works.</param>
/// <param name="leastParallelWork">Pairs of a query and a key, times the head size, below which waking other workers costs more than it gives.</param>
internal sealed unsafe class CausalAttention(MatrixEngine engine, WorkerPool pool, long leastParallelWork = 32 << 10)
{
    private readonly WorkerPool _alone = new(1);

    /// <summary>result = softmax(q kᵀ · scale) v, and each softmax's logarithm of its sum.</summary>
    /// <param name="plan">The geometry.</param>
    /// <param name="q">[rows, heads × headSize], as all of them singles.</param>
    /// <param name="k">[rows, keyValueHeads × headSize].</param>
    /// <param name="v">[rows, keyValueHeads × headSize].</param>
    /// <param name="result">[rows, heads × headSize].</param>
    /// <param name="logSumExp">[rows, heads].</param>
    public void Forward(AttentionPlan plan, MatrixView q, MatrixView k, MatrixView v, MatrixView result, MatrixView logSumExp)
    {
        AttentionUnit[] units = AttentionUnit.Of(plan);
        var geometry = new AttentionGeometry(engine, plan);
        var pass = new AttentionForward(geometry, q, k, v, result, logSumExp);
        // Sharing units out costs a pause between packing and the rest, and the packed operands leave the cache.
        (WorkerPool workers, long[] costs, bool whole) = Plan(units, geometry, sharedPercent: 115);
        if (whole)
        {
            LongestFirst.Run(workers, costs, unit => pass.Run(units[unit], 0, pass.Blocks(units[unit]), null));
            return;
        }
        long[] starts = Starts(units, pass.PackedBytes);
        byte* packed = Scratch.Get(Scratch.Purpose.AttentionShared, starts[^1]);
        LongestFirst.Run(workers, [.. units.SelectMany(unit => (long[])[unit.Segment.KeyCount, unit.Segment.KeyCount])], item =>
        {
            if (item % 2 == 0)
            {
                pass.PackKeys(units[item / 2], packed + starts[item / 2]);
            }
            else
            {
                pass.PackValues(units[item / 2], packed + starts[item / 2]);
            }
        });
        (int Unit, int Block)[] items = [.. units.SelectMany((unit, index) => Enumerable.Range(0, pass.Blocks(unit)).Select(block => (index, block)))];
        LongestFirst.Run(workers, [.. items.Select(item => pass.Cost(units[item.Unit], item.Block))], item =>
        {
            (int unit, int block) = items[item];
            pass.Run(units[unit], block, block + 1, packed + starts[unit]);
        });
    }

    /// <summary>Gradients of <see cref="Forward"/>, overwritten on the plan's rows.</summary>
    /// <param name="plan">The geometry.</param>
    /// <param name="q">[rows, heads × headSize], as all of them singles.</param>
    /// <param name="k">[rows, keyValueHeads × headSize].</param>
    /// <param name="v">[rows, keyValueHeads × headSize].</param>
    /// <param name="result">What <see cref="Forward"/> gave.</param>
    /// <param name="logSumExp">What <see cref="Forward"/> gave.</param>
    /// <param name="dResult">[rows, heads × headSize].</param>
    /// <param name="dQ">[rows, heads × headSize].</param>
    /// <param name="dK">[rows, keyValueHeads × headSize].</param>
    /// <param name="dV">[rows, keyValueHeads × headSize].</param>
    public void Backward(AttentionPlan plan, MatrixView q, MatrixView k, MatrixView v, MatrixView result, MatrixView logSumExp, MatrixView dResult, MatrixView dQ, MatrixView dK, MatrixView dV)
    {
        AttentionUnit[] units = AttentionUnit.Of(plan);
        var geometry = new AttentionGeometry(engine, plan);
        var pass = new AttentionBackward(geometry, q, k, v, result, logSumExp, dResult, dQ, dK, dV);
        // Apart from dQ, whose sums run over keys, dK and dV need two of the five products once more.
        (WorkerPool workers, long[] costs, bool whole) = Plan(units, geometry, sharedPercent: 145);
        if (whole)
        {
            LongestFirst.Run(workers, costs, unit => pass.RunUnit(units[unit]));
            return;
        }
        long[] starts = Starts(units, pass.PackedBytes);
        byte* packed = Scratch.Get(Scratch.Purpose.AttentionShared, starts[^1]);
        AttentionBackward.Packing[] packings = Enum.GetValues<AttentionBackward.Packing>();
        LongestFirst.Run(workers, [.. units.SelectMany(unit => packings.Select(_ => (long)unit.Segment.KeyCount))], item =>
            pass.Pack(units[item / packings.Length], packings[item % packings.Length], packed + starts[item / packings.Length]));
        List<(long Cost, Action Run)> items = [];
        for (int index = 0; index < units.Length; index++)
        {
            AttentionUnit unit = units[index];
            byte* unitPacked = packed + starts[index];
            AddParts(items, pass, unit, unitPacked, geometry.Group);
        }
        LongestFirst.Run(workers, [.. items.Select(item => item.Cost)], item => items[item].Run());
    }

    private static void AddParts(List<(long Cost, Action Run)> items, AttentionBackward pass, AttentionUnit unit, byte* packed, int group)
    {
        for (int head = 0; head < group; head++)
        {
            for (int block = 0; block < AttentionBackward.Blocks(unit); block++)
            {
                (int itsHead, int itsBlock) = (head, block);
                int first = block * AttentionBackward.BlockQueries;
                int end = Math.Min(first + AttentionBackward.BlockQueries, unit.Segment.QueryCount);
                items.Add((3 * (unit.PairsUpTo(end) - unit.PairsUpTo(first)), () => pass.RunQueries(unit, itsHead, itsBlock, packed)));
            }
        }
        for (int chunk = 0; chunk < AttentionBackward.Chunks(unit); chunk++)
        {
            int itsChunk = chunk;
            int first = chunk * AttentionBackward.ChunkKeys;
            long queries = Math.Min(unit.Segment.QueryCount, unit.Segment.KeyCount - first);
            items.Add((4 * group * queries * Math.Min(AttentionBackward.ChunkKeys, unit.Segment.KeyCount - first), () => pass.RunChunk(unit, itsChunk, packed)));
        }
    }

    /// <summary>Who works, what the units cost, and whether workers take whole units.</summary>
    /// <param name="units">The units.</param>
    /// <param name="geometry">Of the call.</param>
    /// <param name="sharedPercent">What shared units cost, in percent of whole ones.</param>
    private (WorkerPool Workers, long[] Costs, bool Whole) Plan(AttentionUnit[] units, AttentionGeometry geometry, int sharedPercent)
    {
        // A key that is packed costs about as much as one that a query sees.
        long[] costs = [.. units.Select(unit => unit.Pairs * geometry.Group + unit.Segment.KeyCount)];
        long total = costs.Sum();
        WorkerPool workers = total * geometry.HeadSize < leastParallelWork ? _alone : pool;
        return (workers, costs, workers.Count == 1 || LongestFirst.Span(costs, workers.Count) * workers.Count * 100 <= total * sharedPercent);
    }

    /// <summary>Where each unit's packed operands begin, and the end of the last.</summary>
    private static long[] Starts(AttentionUnit[] units, Func<AttentionUnit, long> bytes)
    {
        long[] starts = new long[units.Length + 1];
        for (int unit = 0; unit < units.Length; unit++)
        {
            starts[unit + 1] = starts[unit] + (bytes(units[unit]) + 63) / 64 * 64;
        }
        return starts;
    }
}
