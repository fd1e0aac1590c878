using Foretell.Tensors.Kernels;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tensors.Kernels.Cpu.Matrix;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Tests.Operations;

/// <summary>A backend that the whole table runs on.</summary>
/// <param name="Name">Unique.</param>
/// <param name="Family">Backends of one family differ in the number of threads alone and must give the same bits.</param>
/// <param name="RoundsProducts">Whether matrix products round their operands to bfloat16.</param>
/// <param name="Create">Makes a fresh one.</param>
/// <param name="Missing">Why this machine cannot run it; null when it can.</param>
public sealed record BackendUnderTest(string Name, string Family, bool RoundsProducts, Func<IBackend> Create, string? Missing = null);

/// <summary>The one list of backends under test; a new backend joins here.</summary>
public static class Backends
{
    public static IReadOnlyList<BackendUnderTest> All { get; } =
    [
        new("reference float32", "reference float32", RoundsProducts: false, () => new ReferenceBackend()),
        new("reference bfloat16", "reference bfloat16", RoundsProducts: true, () => new ReferenceBackend(DType.BFloat16)),
        .. Cpu(KernelSet.Portable, DType.Float32),
        .. Cpu(KernelSet.Portable, DType.BFloat16),
        .. Cpu(KernelSet.Avx512, DType.Float32),
        .. Cpu(KernelSet.Avx512, DType.BFloat16),
        .. Cpu(KernelSet.Amx, DType.BFloat16),
    ];

    public static BackendUnderTest Get(string name) => All.Single(backend => backend.Name == name);

    /// <summary>A family of one and two threads. Small work is shared too, so that the table's sizes meet every way of splitting.</summary>
    private static IEnumerable<BackendUnderTest> Cpu(KernelSet kernels, DType precision)
    {
        string family = $"{kernels.Name()} {precision}";
        string? missing = KernelSets.Available.Contains(kernels) ? null : $"this processor has no {kernels.Name()}";
        for (int threads = 1; threads <= 2; threads++)
        {
            int workers = threads;
            yield return new BackendUnderTest($"{family}, threads: {threads}", family, precision == DType.BFloat16, () => new CpuBackend(kernels, workers, precision, leastParallelElements: 0), missing);
        }
    }
}
