using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>Reads memory larger than the caches in four far-apart streams a thread: the yardstick for products that wait for memory.</summary>
internal sealed unsafe class MemoryRead : IDisposable
{
    private const long Bytes = 512L << 20;

    private readonly AlignedMemory _memory = new(Bytes);
    private readonly WorkerPool _pool;
    private readonly ulong[] _sums;
    private readonly long _part;

    public MemoryRead(WorkerPool pool)
    {
        _pool = pool;
        _part = Bytes / pool.Count / 4096 * 4096;
        _sums = new ulong[pool.Count * 16];
        pool.Run(worker => new Span<byte>(_memory.Pointer + worker * _part, (int)_part).Fill(1));
    }

    /// <summary>Bytes a second, the median of so many passes.</summary>
    public double BytesPerSecond(int repeats) => _part * _pool.Count / MachinePeak.MedianSeconds(
        () => _pool.Run(worker => _sums[worker * 16] = ReadFourStreams(_memory.Pointer + worker * _part, _part)), repeats);

    public void Dispose() => _memory.Dispose();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong ReadFourStreams(byte* start, long bytes)
    {
        long quarter = bytes / 4;
        byte* second = start + quarter, third = second + quarter, fourth = third + quarter;
        Vector256<ulong> a = default, b = default, c = default, d = default;
        for (long i = 0; i < quarter; i += 64)
        {
            a |= Vector256.Load((ulong*)(start + i)) | Vector256.Load((ulong*)(start + i + 32));
            b |= Vector256.Load((ulong*)(second + i)) | Vector256.Load((ulong*)(second + i + 32));
            c |= Vector256.Load((ulong*)(third + i)) | Vector256.Load((ulong*)(third + i + 32));
            d |= Vector256.Load((ulong*)(fourth + i)) | Vector256.Load((ulong*)(fourth + i + 32));
        }
        return Vector256.Sum(a | b | c | d);
    }
}
