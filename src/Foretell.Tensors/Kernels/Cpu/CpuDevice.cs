using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Kernels.Cpu;

/// <summary>Makes the device that computes on this machine's processor.</summary>
public static class CpuDevice
{
    /// <summary>The environment variable whose text callers pass to <see cref="Create"/>.</summary>
    public const string KernelsVariable = KernelSets.Variable;

    /// <summary>The kernels that this machine has, slowest first: "portable", "avx512", "amx".</summary>
    public static IReadOnlyList<string> AvailableKernels { get; } = [.. KernelSets.Available.Select(set => set.Name())];

    /// <summary>A device with the fastest kernels that the machine has, or those asked for.</summary>
    /// <param name="kernels">One of <see cref="AvailableKernels"/>; null or empty for the fastest.</param>
    /// <param name="threads">Threads to compute on, the caller's included; 0 (the default) for one a core. Results do not depend on it.</param>
    /// <param name="precision">What the operands of matrix products are rounded to; null (the default) for BFloat16 where the kernels have instructions for it, else Float32.</param>
    /// <exception cref="ArgumentException">No such kernels, or not on this machine.</exception>
    public static Device Create(string? kernels = null, int threads = 0, DType? precision = null)
    {
        KernelSet set = KernelSets.Choose(kernels);
        return new Device(new CpuBackend(set, threads, precision ?? (set.HasBFloat16() ? DType.BFloat16 : DType.Float32)));
    }

    /// <summary>The most operations a second that matrix products of this device could reach: its instruction on registers alone, on all its threads, measured in some tens of milliseconds.</summary>
    public static double MeasurePeak(Device device) => device.Backend is CpuBackend cpu
        ? cpu.MeasurePeak()
        : throw new ArgumentException($"{device.Name} is not a CPU device made by CpuDevice.");

    /// <summary>Whether the kernels have instructions for bfloat16.</summary>
    internal static bool HasBFloat16(this KernelSet kernels) => kernels switch
    {
        KernelSet.Amx => true,
        KernelSet.Avx512 => CpuFeatures.Avx512BFloat16,
        _ => false,
    };
}
