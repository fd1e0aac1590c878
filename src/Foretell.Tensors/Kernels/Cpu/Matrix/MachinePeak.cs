using System.Diagnostics;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// What this machine reaches when nothing stands in its way: multiply-adds on registers alone, and reading memory. The
/// yardstick for kernels.
/// </summary>
/// <param name="Threads">Threads that ran.</param>
/// <param name="Float32">Single-precision fused multiply-adds, in operations (two each) a second.</param>
/// <param name="BFloat16">Products of bfloat16 with single-precision sums, in operations a second.</param>
/// <param name="BFloat16Instruction">The instruction that <paramref name="BFloat16"/> measures.</param>
/// <param name="MemoryRead">Bytes a second read from memory, in four far-apart streams a thread.</param>
internal sealed record MachinePeak(int Threads, double Float32, double BFloat16, string BFloat16Instruction, double MemoryRead)
{
    private static readonly Lazy<PeakLoop> s_float32 = new(() => CpuFeatures.Avx512 ? PeakLoop.FusedMultiplyAdd() : PeakLoop.Portable());
    private static readonly Lazy<PeakLoop> s_pairs = new(PeakLoop.PairProducts);
    private static readonly Lazy<PeakLoop> s_bytes = new(PeakLoop.ByteProducts);
    private static readonly Lazy<PeakLoop> s_tiles = new(PeakLoop.TileProducts);

    /// <summary>Measures all three.</summary>
    /// <param name="set">Whose bfloat16 instruction to measure.</param>
    /// <param name="pool">The threads.</param>
    /// <param name="repeats">Measurements, of which the median counts; each takes some milliseconds.</param>
    public static MachinePeak Measure(KernelSet set, WorkerPool pool, int repeats = 9)
    {
        PeakLoop bfloat16 = Loop(set, DType.BFloat16);
        return new MachinePeak(pool.Count, Rate(s_float32.Value, pool, repeats), Rate(bfloat16, pool, repeats), bfloat16.Instruction,
            MeasureMemory(pool, Math.Min(repeats, 5)));
    }

    private static double MeasureMemory(WorkerPool pool, int repeats)
    {
        using var memory = new MemoryRead(pool);
        return memory.BytesPerSecond(repeats);
    }

    /// <summary>Operations a second on registers alone, by the instruction that the set uses for this type.</summary>
    public static double Measure(KernelSet set, DType type, WorkerPool pool, int repeats = 3) => Rate(Loop(set, type), pool, repeats);

    private static PeakLoop Loop(KernelSet set, DType type) => type.IsQuantized()
        ? set != KernelSet.Portable && CpuFeatures.Avx512Vnni ? s_bytes.Value : s_float32.Value
        : type != DType.BFloat16 ? s_float32.Value
        : set == KernelSet.Amx ? s_tiles.Value
        : set == KernelSet.Avx512 && CpuFeatures.Avx512BFloat16 ? s_pairs.Value
        : s_float32.Value;

    private static double Rate(PeakLoop loop, WorkerPool pool, int repeats)
    {
        const long turns = 1 << 17;
        double seconds = MedianSeconds(() => pool.Run(_ => loop.Run(turns)), repeats);
        return pool.Count * turns * (double)loop.OperationsPerTurn / seconds;
    }

    internal static double MedianSeconds(Action action, int repeats)
    {
        action();
        var seconds = new double[repeats];
        for (int i = 0; i < repeats; i++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        Array.Sort(seconds);
        return seconds[repeats / 2];
    }
}
