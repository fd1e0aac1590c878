using System.Diagnostics;
using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Kernels.Cpu.Attention;

/// <summary>One measured attention, forward or backward.</summary>
/// <param name="Name">What it stands for.</param>
/// <param name="Engine">The engine's name.</param>
/// <param name="Threads">Threads that ran.</param>
/// <param name="Operations">Multiplications and additions of the products over the pairs of a query and a key that it sees: 4 a pair and element of the head forward, 10 backward.</param>
/// <param name="Seconds">Of the fastest run: others on the machine only ever make one slower.</param>
/// <param name="PeakPerSecond">Operations a second on registers alone, the most measured between the runs on as many threads.</param>
internal sealed record AttentionMeasurement(string Name, string Engine, int Threads, double Operations, double Seconds, double PeakPerSecond)
{
    /// <summary>Part of the peak, in [0, 1].</summary>
    public double Share => Operations / Seconds / PeakPerSecond;
}

/// <summary>Measures attention at the shapes that training and decoding meet.</summary>
internal static unsafe class AttentionBenchmark
{
    private static readonly (string Name, int Batch, int Queries, int Keys, int Heads, int HeadSize)[] s_shapes =
    [
        ("12 x 256, 6 heads of 64", 12, 256, 256, 6, 64),
        ("1 x 256, 6 heads of 64", 1, 256, 256, 6, 64),
        ("1 x 1024, 12 heads of 64", 1, 1024, 1024, 12, 64),
        ("decoding, 1 query to 1024 keys, 12 heads of 64", 1, 1, 1024, 12, 64),
    ];

    /// <summary>Runs every shape forward and, where queries are keys, backward, on every thread count.</summary>
    /// <param name="set">The kernels.</param>
    /// <param name="type">What operands are rounded to.</param>
    /// <param name="threadCounts">Numbers of threads.</param>
    /// <param name="secondsEach">About how long to measure one.</param>
    public static IReadOnlyList<AttentionMeasurement> Run(KernelSet set, DType type, IReadOnlyList<int> threadCounts, double secondsEach = 0.5)
    {
        MatrixEngine engine = set.CreateEngine(type);
        var measurements = new List<AttentionMeasurement>();
        foreach (int threads in threadCounts)
        {
            using var pool = new WorkerPool(threads);
            var attention = new CausalAttention(engine, pool);
            foreach ((string name, int batch, int queries, int keys, int heads, int headSize) in s_shapes)
            {
                AttentionSegment[] segments = [.. Enumerable.Range(0, batch).Select(i => new AttentionSegment(i * queries, queries, i * keys, keys))];
                var plan = new AttentionPlan(segments, heads, heads, headSize, 1 / MathF.Sqrt(headSize));
                int width = heads * headSize;
                // From the tensors' own pool, which asks the system for large pages.
                using var memory = new NativeMemoryPool();
                long singles = (long)batch * keys * (8 * width + heads);
                var first = (float*)memory.Rent(singles * sizeof(float));
                Fill(first, singles);
                MatrixView Operand(int index) => new(first + (long)index * batch * keys * width, batch * keys, width);
                var logSumExp = new MatrixView(first + 8L * batch * keys * width, batch * keys, heads);
                double pairs = batch * heads * (queries * (double)(keys - queries) + queries * (queries + 1.0) / 2);
                void Forward() => attention.Forward(plan, Operand(0), Operand(1), Operand(2), Operand(3), logSumExp);
                void Backward() => attention.Backward(plan, Operand(0), Operand(1), Operand(2), Operand(3), logSumExp, Operand(4), Operand(5), Operand(6), Operand(7));
                measurements.Add(Measure(set, type, engine, pool, $"{name}, forward", pairs * headSize * 4, Forward, secondsEach));
                if (queries == keys)
                {
                    measurements.Add(Measure(set, type, engine, pool, $"{name}, backward", pairs * headSize * 10, Backward, secondsEach));
                }
                memory.Return((nint)first, singles * sizeof(float));
            }
        }
        return measurements;
    }

    private static AttentionMeasurement Measure(KernelSet set, DType type, MatrixEngine engine, WorkerPool pool, string name, double operations, Action run, double seconds)
    {
        run();
        var times = new List<double>();
        var peaks = new List<double>();
        long start = Stopwatch.GetTimestamp();
        do
        {
            peaks.Add(MachinePeak.Measure(set, type, pool, repeats: 1));
            for (int i = 0; i < 3; i++)
            {
                long began = Stopwatch.GetTimestamp();
                run();
                times.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
            }
        }
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds || times.Count < 9);
        return new AttentionMeasurement(name, engine.Name, pool.Count, operations, times.Min(), peaks.Max());
    }

    /// <summary>Values in [-1, 1): timings of zeros would flatter.</summary>
    private static void Fill(float* memory, long count)
    {
        uint state = 2463534242;
        for (long i = 0; i < count; i++)
        {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            memory[i] = (int)state * (1f / (1u << 31));
        }
    }
}
