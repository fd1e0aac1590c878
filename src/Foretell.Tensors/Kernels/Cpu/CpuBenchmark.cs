using Foretell.Tensors.Kernels.Cpu.Attention;
using Foretell.Tensors.Kernels.Cpu.Matrix;
using Foretell.Tensors.Kernels.Cpu.Quantized;

namespace Foretell.Tensors.Kernels.Cpu;

/// <summary>A measured matrix product.</summary>
/// <param name="Name">What it stands for in a model.</param>
/// <param name="Rows">Rows of the result.</param>
/// <param name="Columns">Columns of the result.</param>
/// <param name="Depth">Length of each sum.</param>
/// <param name="Type">What the operands are.</param>
/// <param name="Threads">Threads that ran.</param>
/// <param name="OperationsPerSecond">Multiplications and additions.</param>
/// <param name="PeakShare">Part of what the machine reaches on registers alone on as many threads, measured around the product; in [0, 1].</param>
/// <param name="BytesPerSecond">Bytes of the right operand read a second: what bounds products of few rows.</param>
/// <param name="MemoryShare">Part of what as many threads read from memory, measured around the product, where the operand always comes from there; else null.</param>
public sealed record ProductSpeed(string Name, int Rows, int Columns, int Depth, DType Type, int Threads, double OperationsPerSecond, double PeakShare, double BytesPerSecond, double? MemoryShare = null);

/// <summary>What the machine reaches when nothing stands in its way.</summary>
/// <param name="Threads">Threads that ran.</param>
/// <param name="Float32">Operations a second of single-precision multiply-adds on registers alone.</param>
/// <param name="BFloat16">Operations a second of bfloat16 products with single-precision sums on registers alone.</param>
/// <param name="BFloat16Instruction">The instruction that <paramref name="BFloat16"/> measures.</param>
/// <param name="MemoryBytes">Bytes a second read from memory.</param>
public sealed record MachineSpeed(int Threads, double Float32, double BFloat16, string BFloat16Instruction, double MemoryBytes);

/// <summary>Measured attention of one layer over cached keys and values.</summary>
/// <param name="Name">The heads, and a model that has them.</param>
/// <param name="Kernels">The backend's name.</param>
/// <param name="Threads">Threads that ran.</param>
/// <param name="Sequences">Sequences in the batch.</param>
/// <param name="Tokens">New tokens of each sequence.</param>
/// <param name="Keys">Keys that a sequence's last token sees.</param>
/// <param name="Seconds">Of one layer, in the fastest pass over all: others on the machine only ever make one slower.</param>
/// <param name="BytesPerSecond">Bytes of cached keys and values that are read a second, each counted once: what bounds decoding.</param>
/// <param name="OperationsPerSecond">Multiplications and additions of the products.</param>
public sealed record CachedAttentionSpeed(string Name, string Kernels, int Threads, int Sequences, int Tokens, int Keys, double Seconds, double BytesPerSecond, double OperationsPerSecond);

/// <summary>Measures this machine's processor and the kernels' matrix products on it.</summary>
public static class CpuBenchmark
{
    /// <summary>The yardstick: register-only arithmetic and memory.</summary>
    /// <param name="kernels">One of <see cref="CpuDevice.AvailableKernels"/>; null or empty for the fastest.</param>
    /// <param name="threads">At least 1.</param>
    /// <exception cref="ArgumentException">No such kernels, or not on this machine.</exception>
    public static MachineSpeed MeasureMachine(string? kernels, int threads)
    {
        using var pool = new WorkerPool(threads);
        MachinePeak peak = MachinePeak.Measure(KernelSets.Choose(kernels), pool);
        return new MachineSpeed(peak.Threads, peak.Float32, peak.BFloat16, peak.BFloat16Instruction, peak.MemoryRead);
    }

    /// <summary>Products of the shapes that training and decoding meet.</summary>
    /// <param name="kernels">One of <see cref="CpuDevice.AvailableKernels"/>; null or empty for the fastest.</param>
    /// <param name="type">Float32 or BFloat16.</param>
    /// <param name="threadCounts">Each at least 1.</param>
    /// <param name="secondsEach">About how long to measure one product.</param>
    /// <param name="progress">Told each product as it is measured.</param>
    /// <param name="cancellation">Stops between products.</param>
    /// <exception cref="ArgumentException">No such kernels, or not on this machine.</exception>
    public static IReadOnlyList<ProductSpeed> MeasureProducts(string? kernels, DType type, IReadOnlyList<int> threadCounts, double secondsEach = 0.4, Action<ProductSpeed>? progress = null, CancellationToken cancellation = default)
    {
        var relay = new Relay<MatrixMeasurement>(measurement => progress?.Invoke(Describe(measurement, type)));
        return [.. MatrixBenchmark.Run(KernelSets.Choose(kernels), type, threadCounts, secondsEach, relay, cancellation).Select(measurement => Describe(measurement, type))];
    }

    /// <summary>One layer's attention over cached keys and values at the shapes that decoding and prefill meet.</summary>
    /// <param name="kernels">One of <see cref="CpuDevice.AvailableKernels"/>; null or empty for the fastest.</param>
    /// <param name="type">Float32 or BFloat16.</param>
    /// <param name="threadCounts">Each at least 1.</param>
    /// <param name="secondsEach">About how long to measure one.</param>
    /// <param name="progress">Told each as it is measured.</param>
    /// <param name="cancellation">Stops between them.</param>
    /// <exception cref="ArgumentException">No such kernels, or not on this machine.</exception>
    public static IReadOnlyList<CachedAttentionSpeed> MeasureCachedAttention(string? kernels, DType type, IReadOnlyList<int> threadCounts, double secondsEach = 0.3, Action<CachedAttentionSpeed>? progress = null, CancellationToken cancellation = default) =>
        PagedAttentionBenchmark.Run(KernelSets.Choose(kernels), type, threadCounts, secondsEach, progress, cancellation);

    /// <summary>The types that <see cref="MeasureQuantizedProducts"/> knows.</summary>
    public static IReadOnlyList<DType> QuantizedTypes => QuantizedBenchmark.Types;

    /// <summary>Products with quantized weights that come from memory: 1, 4, 16 and 512 rows by 5632 outputs by 2048 inputs.</summary>
    /// <param name="kernels">One of <see cref="CpuDevice.AvailableKernels"/>; null or empty for the fastest.</param>
    /// <param name="types">Some of <see cref="QuantizedTypes"/>.</param>
    /// <param name="threadCounts">Each at least 1.</param>
    /// <param name="secondsEach">About how long to measure one product.</param>
    /// <param name="progress">Told each product as it is measured.</param>
    /// <param name="cancellation">Stops between products.</param>
    /// <exception cref="ArgumentException">No such kernels, or not on this machine.</exception>
    public static IReadOnlyList<ProductSpeed> MeasureQuantizedProducts(string? kernels, IReadOnlyList<DType> types, IReadOnlyList<int> threadCounts, double secondsEach = 0.4, Action<ProductSpeed>? progress = null, CancellationToken cancellation = default)
    {
        var relay = new Relay<QuantizedMeasurement>(measurement => progress?.Invoke(Describe(measurement)));
        return [.. QuantizedBenchmark.Run(KernelSets.Choose(kernels), types, threadCounts, secondsEach, relay, cancellation).Select(Describe)];
    }

    private static ProductSpeed Describe(QuantizedMeasurement measurement) => new(
        measurement.Rows == 1 ? "token" : measurement.Rows < 64 ? "tokens" : "prompt", measurement.Rows, measurement.Columns, measurement.Depth, measurement.Type, measurement.Threads,
        measurement.PerSecond, measurement.PerSecond / measurement.PeakPerSecond, measurement.WeightBytesPerSecond, measurement.WeightBytesPerSecond / measurement.MemoryPerSecond);

    private static ProductSpeed Describe(MatrixMeasurement measurement, DType type) => new(
        measurement.Name, measurement.Rows, measurement.Columns, measurement.Depth, type, measurement.Threads,
        measurement.PerSecond, measurement.Share, measurement.RightBytesPerSecond(type.Size()));

    private sealed class Relay<T>(Action<T> receive) : IProgress<T>
    {
        public void Report(T value) => receive(value);
    }
}
