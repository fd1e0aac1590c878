using System.Diagnostics;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>One measured product.</summary>
/// <param name="Name">What it stands for.</param>
/// <param name="Engine">The engine's name.</param>
/// <param name="Rows">Rows of the result.</param>
/// <param name="Columns">Columns of the result.</param>
/// <param name="Depth">Length of each sum.</param>
/// <param name="Threads">Threads that ran.</param>
/// <param name="Seconds">Median time, packing of the left operand included.</param>
/// <param name="PeakPerSecond">Operations a second on registers alone, measured around the product on as many threads.</param>
internal sealed record MatrixMeasurement(
    string Name, string Engine, int Rows, int Columns, int Depth, int Threads, double Seconds, double PeakPerSecond)
{
    /// <summary>Multiplications and additions a second.</summary>
    public double PerSecond => 2.0 * Rows * Columns * Depth / Seconds;

    /// <summary>Part of the peak, in [0, 1].</summary>
    public double Share => PerSecond / PeakPerSecond;

    /// <summary>Bytes of right operand read a second: what bounds products of few rows.</summary>
    public double RightBytesPerSecond(int elementBytes) => (double)Columns * Depth * elementBytes / Seconds;
}

/// <summary>Measures matrix products of the shapes that training and decoding meet.</summary>
internal static unsafe class MatrixBenchmark
{
    private static readonly (string Name, int Rows, int Columns, int Depth, bool Gradient)[] s_shapes =
    [
        ("wide batch", 4096, 768, 768, false),
        ("cube", 2048, 2048, 2048, false),
        ("attention projection", 4096, 384, 384, false),
        ("feed-forward up", 4096, 1536, 384, false),
        ("feed-forward down", 4096, 384, 1536, false),
        ("feed-forward up, GPT-2", 4096, 3072, 768, false),
        ("weight gradient", 384, 384, 4096, true),
        ("weight gradient, up", 1536, 384, 4096, true),
        ("weight gradient, GPT-2", 3072, 768, 4096, true),
        ("decoding, one row", 1, 4096, 4096, false),
        ("decoding, four rows", 4, 4096, 4096, false),
    ];

    /// <summary>Runs every shape on every thread count.</summary>
    /// <param name="set">The kernels.</param>
    /// <param name="type">What operands are: left, right and (for singles) result.</param>
    /// <param name="threadCounts">Numbers of threads.</param>
    /// <param name="secondsEach">About how long to measure one product.</param>
    /// <param name="progress">Told each measurement as it is made.</param>
    /// <param name="cancellation">Stops between products.</param>
    public static IReadOnlyList<MatrixMeasurement> Run(KernelSet set, DType type, IReadOnlyList<int> threadCounts, double secondsEach = 0.4,
        IProgress<MatrixMeasurement>? progress = null, CancellationToken cancellation = default)
    {
        MatrixEngine engine = set.CreateEngine(type);
        var measurements = new List<MatrixMeasurement>();
        foreach (int threads in threadCounts)
        {
            using var pool = new WorkerPool(threads);
            foreach ((string name, int rows, int columns, int depth, bool gradient) in s_shapes)
            {
                cancellation.ThrowIfCancellationRequested();
                MatrixMeasurement measurement = Measure(set, engine, type, pool, name, rows, columns, depth, gradient, secondsEach);
                measurements.Add(measurement);
                progress?.Report(measurement);
            }
        }
        return measurements;
    }

    private static MatrixMeasurement Measure(KernelSet set, MatrixEngine engine, DType type, WorkerPool pool, string name, int rows, int columns, int depth, bool gradient, double seconds)
    {
        // A layer's weights lie as [columns, depth]; a gradient's operands as [depth, rows] and [depth, columns].
        using var leftMemory = new AlignedMemory((long)rows * depth * type.Size());
        using var rightMemory = new AlignedMemory((long)depth * columns * type.Size());
        using var resultMemory = new AlignedMemory((long)rows * columns * sizeof(float));
        Fill(leftMemory, type);
        Fill(rightMemory, type);
        var left = gradient
            ? new MatrixView(leftMemory.Pointer, type, depth, rows, rows)
            : new MatrixView(leftMemory.Pointer, type, rows, depth, depth);
        var right = gradient
            ? new MatrixView(rightMemory.Pointer, type, depth, columns, columns)
            : new MatrixView(rightMemory.Pointer, type, columns, depth, depth);
        var result = new MatrixView((float*)resultMemory.Pointer, rows, columns);
        var product = new MatrixProduct(engine, pool);
        using PackedRight packed = product.Pack(right, transposed: !gradient);
        Action run = gradient
            ? () => product.Multiply(left, leftTransposed: true, right, rightTransposed: false, result)
            : () => product.Multiply(left, leftTransposed: false, packed, result);

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
        return new MatrixMeasurement(name, engine.Name, rows, columns, depth, pool.Count, Median(times), Median(peaks));
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    /// <summary>Values in [-1, 1): timings of zeros would flatter.</summary>
    private static void Fill(AlignedMemory memory, DType type)
    {
        uint state = 2463534242;
        for (long i = 0; i < memory.Bytes / type.Size(); i++)
        {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            float value = (int)state * (1f / (1u << 31));
            if (type == DType.BFloat16)
            {
                ((ushort*)memory.Pointer)[i] = BFloat16Conversion.Round(value);
            }
            else
            {
                ((float*)memory.Pointer)[i] = value;
            }
        }
    }
}
