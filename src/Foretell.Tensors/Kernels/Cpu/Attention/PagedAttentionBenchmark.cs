using System.Diagnostics;
using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Kernels.Cpu.Attention;

/// <summary>Measures attention over cached keys and values at the shapes that decoding and prefill meet.</summary>
internal static unsafe class PagedAttentionBenchmark
{
    /// <summary>Bytes of cache that the layers of a pass take at least: between two visits of a layer its model's weights pass through the processor's caches too.</summary>
    private const long PassBytes = 96L << 20;

    private const int MostLayers = 256;

    private static readonly (string Name, int Heads, int KeyValueHeads, int HeadSize)[] s_models =
    [
        ("12 heads of 64 (110M)", 12, 12, 64),
        ("16 heads over 4 of 64 (0.5B)", 16, 4, 64),
        ("32 heads over 4 of 64 (1.1B)", 32, 4, 64),
    ];

    private static readonly (int Sequences, int Tokens, int Keys)[] s_steps = [(1, 1, 2), (1, 1, 512), (1, 1, 4096), (16, 1, 512), (1, 512, 512)];

    /// <summary>Runs every model's every step on every thread count.</summary>
    /// <param name="set">The kernels.</param>
    /// <param name="type">What operands are rounded to.</param>
    /// <param name="threadCounts">Numbers of threads.</param>
    /// <param name="secondsEach">About how long to measure one.</param>
    /// <param name="progress">Told each measurement as it is made.</param>
    /// <param name="cancellation">Stops between measurements.</param>
    public static IReadOnlyList<CachedAttentionSpeed> Run(KernelSet set, DType type, IReadOnlyList<int> threadCounts, double secondsEach = 0.3,
        Action<CachedAttentionSpeed>? progress = null, CancellationToken cancellation = default)
    {
        var measurements = new List<CachedAttentionSpeed>();
        foreach (int threads in threadCounts)
        {
            using var backend = new CpuBackend(set, threads, type);
            foreach ((string name, int heads, int keyValueHeads, int headSize) in s_models)
            {
                foreach ((int sequences, int tokens, int keys) in s_steps)
                {
                    cancellation.ThrowIfCancellationRequested();
                    CachedAttentionSpeed speed = Measure(backend, threads, name, heads, keyValueHeads, headSize, sequences, tokens, keys, secondsEach);
                    measurements.Add(speed);
                    progress?.Invoke(speed);
                }
            }
        }
        return measurements;
    }

    private static CachedAttentionSpeed Measure(CpuBackend backend, int threads, string name, int heads, int keyValueHeads, int headSize, int sequences, int tokens, int keys, double seconds)
    {
        int sequenceBlocks = PagedAttentionPlan.BlocksFor(keys);
        int blocks = sequences * sequenceBlocks;
        long blockBytes = backend.KeyValueBlockBytes(keyValueHeads, headSize, DType.Float32);
        // Without time to measure, one layer once must do.
        int layers = seconds > 0 ? (int)Math.Clamp(PassBytes / (blocks * blockBytes), 1, MostLayers) : 1;
        int rows = sequences * tokens;
        int width = heads * headSize;
        int keyWidth = keyValueHeads * headSize;
        using var memory = new NativeMemoryPool();
        long cacheBytes = layers * blocks * blockBytes;
        long singles = (long)rows * (2 * width + 2 * keyWidth);
        var cache = (byte*)memory.Rent(cacheBytes);
        var first = (float*)memory.Rent(singles * sizeof(float));
        for (long i = 0; i < singles; i++)
        {
            first[i] = (i * 2654435761 % 1000) / 500f - 1;
        }
        var q = new MatrixView(first, rows, width);
        var result = new MatrixView(first + (long)rows * width, rows, width);
        var k = new MatrixView(first + 2L * rows * width, rows, keyWidth);
        var v = new MatrixView(first + 2L * rows * width + (long)rows * keyWidth, rows, keyWidth);
        for (long done = 0; done < cacheBytes; done += blockBytes)
        {
            new Span<byte>(cache + done, (int)blockBytes).Clear();
        }
        int[][] tables = [.. Enumerable.Range(0, sequences).Select(sequence => Enumerable.Range(sequence * sequenceBlocks, sequenceBlocks).ToArray())];

        var times = new List<double>();
        long start = Stopwatch.GetTimestamp();
        do
        {
            long began = Stopwatch.GetTimestamp();
            var plan = new PagedAttentionPlan([.. tables.Select((table, sequence) => new PagedSegment(sequence * tokens, tokens, keys - tokens, table, false))], heads, keyValueHeads, headSize, 1 / MathF.Sqrt(headSize));
            for (int layer = 0; layer < layers; layer++)
            {
                var view = new MatrixView(cache + layer * blocks * blockBytes, DType.Int32, blocks, (int)(blockBytes / sizeof(int)), blockBytes / sizeof(int));
                backend.PagedAttention(plan, q, k, v, view, result);
            }
            times.Add(Stopwatch.GetElapsedTime(began).TotalSeconds / layers);
        }
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds);
        memory.Return((nint)cache, cacheBytes);
        memory.Return((nint)first, singles * sizeof(float));
        double layerSeconds = times.Min();
        double pairs = (double)sequences * heads * (tokens * (double)(keys - tokens) + tokens * (tokens + 1.0) / 2);
        return new CachedAttentionSpeed(name, backend.Name, threads, sequences, tokens, keys, layerSeconds, sequences * (double)keys / PagedAttentionPlan.BlockTokens * blockBytes / layerSeconds, pairs * headSize * 4 / layerSeconds);
    }
}
