using System.Diagnostics;
using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Kernels.Cpu.Quantized;

/// <summary>One measured product with quantized weights.</summary>
/// <param name="Type">The weights' type.</param>
/// <param name="Rows">Rows of the result.</param>
/// <param name="Columns">Columns of the result.</param>
/// <param name="Depth">Length of each sum.</param>
/// <param name="Threads">Threads that ran.</param>
/// <param name="Seconds">Median time, rounding of x included.</param>
/// <param name="PeakPerSecond">Operations a second on registers alone, measured around the product on as many threads.</param>
/// <param name="MemoryPerSecond">Bytes a second that as many threads read from memory, measured around the product.</param>
internal sealed record QuantizedMeasurement(DType Type, int Rows, int Columns, int Depth, int Threads, double Seconds, double PeakPerSecond, double MemoryPerSecond)
{
    /// <summary>Multiplications and additions a second.</summary>
    public double PerSecond => 2.0 * Rows * Columns * Depth / Seconds;

    /// <summary>Bytes of packed weights read a second.</summary>
    public double WeightBytesPerSecond => (double)Columns / QuantizedLayout.PanelOutputs * QuantizedLayout.PanelBytes(Type, Depth) / Seconds;
}

/// <summary>Measures products with quantized weights of a 1.1B model's shape, the weights always from memory, as in a model.</summary>
internal static unsafe class QuantizedBenchmark
{
    private const int Columns = 5632;
    private const int Depth = 2048;

    /// <summary>Bytes of weights that go by before any are met again: far more than caches hold.</summary>
    private const long WeightBytes = 256 << 20;

    private static readonly int[] s_rows = [1, 4, 16, 512];

    public static IReadOnlyList<DType> Types { get; } = [DType.Q8_0, DType.Q4_0, DType.Q4_K, DType.Q6_K];

    /// <summary>Measures each type by 1, 4, 16 and 512 rows.</summary>
    public static IReadOnlyList<QuantizedMeasurement> Run(KernelSet set, IReadOnlyList<DType> types, IReadOnlyList<int> threadCounts, double secondsEach,
        IProgress<QuantizedMeasurement>? progress = null, CancellationToken cancellation = default)
    {
        var measurements = new List<QuantizedMeasurement>();
        foreach (int threads in threadCounts)
        {
            using var pool = new WorkerPool(threads);
            using var memory = new MemoryRead(pool);
            var product = new QuantizedProduct(set.CreateQuantizedKernels(), pool);
            foreach (DType type in types)
            {
                PackedQuantized[] weights = Weights(product, type);
                foreach (int rows in s_rows)
                {
                    cancellation.ThrowIfCancellationRequested();
                    QuantizedMeasurement measurement = Measure(set, product, pool, memory, weights, rows, secondsEach);
                    measurements.Add(measurement);
                    progress?.Report(measurement);
                }
                foreach (PackedQuantized weight in weights)
                {
                    weight.Dispose();
                }
            }
        }
        return measurements;
    }

    private static QuantizedMeasurement Measure(KernelSet set, QuantizedProduct product, WorkerPool pool, MemoryRead memory, PackedQuantized[] weights, int rows, double seconds)
    {
        using var xMemory = new AlignedMemory((long)rows * Depth * sizeof(float));
        using var resultMemory = new AlignedMemory((long)rows * Columns * sizeof(float));
        var x = new MatrixView((float*)xMemory.Pointer, rows, Depth);
        var result = new MatrixView((float*)resultMemory.Pointer, rows, Columns);
        var random = new SeededRandom(5);
        for (long i = 0; i < (long)rows * Depth; i++)
        {
            ((float*)xMemory.Pointer)[i] = (float)(2 * random.NextDouble() - 1);
        }
        DType type = weights[0].Type;
        product.Multiply(x, weights[0], null, result);
        var times = new List<double>();
        var peaks = new List<double>();
        var reads = new List<double>();
        int next = 0;
        long start = Stopwatch.GetTimestamp();
        do
        {
            peaks.Add(MachinePeak.Measure(set, type, pool, repeats: 1));
            reads.Add(memory.BytesPerSecond(1));
            for (int i = 0; i < (rows > 16 ? 3 : weights.Length); i++)
            {
                next = (next + 1) % weights.Length;
                long began = Stopwatch.GetTimestamp();
                product.Multiply(x, weights[next], null, result);
                times.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
            }
        }
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds || peaks.Count < 3);
        return new QuantizedMeasurement(type, rows, Columns, Depth, pool.Count, Median(times), Median(peaks), Median(reads));
    }

    private static PackedQuantized[] Weights(QuantizedProduct product, DType type)
    {
        int blocks = Depth / type.BlockLength();
        byte[] row = new byte[blocks * type.BlockBytes()];
        float[] values = new float[Depth];
        var random = new SeededRandom(6);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)random.NextNormal();
        }
        QuantizedBlocks.Quantize(type, values, row);
        using var memory = new AlignedMemory((long)row.Length * Columns);
        for (int output = 0; output < Columns; output++)
        {
            row.CopyTo(new Span<byte>(memory.Pointer + (long)output * row.Length, row.Length));
        }
        var weights = new PackedQuantized[WeightBytes / memory.Bytes + 1];
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = product.Pack(new MatrixView(memory.Pointer, type, Columns, Depth, Depth));
        }
        return weights;
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
