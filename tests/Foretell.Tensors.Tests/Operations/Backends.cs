using Foretell.Tensors.Kernels;
using Foretell.Tensors.Kernels.Cpu;
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
        // Small work is shared too, so that the table's sizes meet every way of splitting.
        new("portable float32, 1 thread", "portable float32", RoundsProducts: false, () => new CpuBackend(threads: 1, leastParallelElements: 0)),
        new("portable float32, 2 threads", "portable float32", RoundsProducts: false, () => new CpuBackend(threads: 2, leastParallelElements: 0)),
    ];

    public static BackendUnderTest Get(string name) => All.Single(backend => backend.Name == name);
}
