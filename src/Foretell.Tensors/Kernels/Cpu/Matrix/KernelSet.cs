using Foretell.Tensors.Kernels.Cpu.Quantized;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>Which machine code multiplies matrices.</summary>
internal enum KernelSet
{
    /// <summary>.NET vectors, on any processor.</summary>
    Portable,

    /// <summary>Assembled AVX-512, with its bfloat16 dot products where the processor has them.</summary>
    Avx512,

    /// <summary>Assembled AMX tile products for bfloat16, AVX-512 for float32.</summary>
    Amx,
}

/// <summary>The kernel sets that this machine has, and the choice among them.</summary>
internal static class KernelSets
{
    /// <summary>The environment variable that overrides the choice.</summary>
    public const string Variable = "FORETELL_KERNELS";

    /// <summary>From the slowest to the fastest.</summary>
    public static IReadOnlyList<KernelSet> Available { get; } =
        [.. Enum.GetValues<KernelSet>().Where(set => set switch
        {
            KernelSet.Avx512 => CpuFeatures.Avx512,
            KernelSet.Amx => CpuFeatures.Amx,
            _ => true,
        })];

    /// <summary>The set named by <paramref name="text"/>, or the fastest when it is null or empty.</summary>
    /// <exception cref="ArgumentException">No such set, or this machine does not have it.</exception>
    public static KernelSet Choose(string? text) => Choose(text, Available);

    internal static KernelSet Choose(string? text, IReadOnlyList<KernelSet> available)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return available[^1];
        }
        string names = string.Join(", ", available.Select(Name));
        foreach (KernelSet set in Enum.GetValues<KernelSet>())
        {
            if (string.Equals(text.Trim(), Name(set), StringComparison.OrdinalIgnoreCase))
            {
                return available.Contains(set)
                    ? set
                    : throw new ArgumentException($"{Variable}={text} asks for kernels that this machine cannot run; it has: {names}.");
            }
        }
        throw new ArgumentException($"{Variable}={text} names no kernels; this machine has: {names}.");
    }

    /// <summary>The name that <see cref="Variable"/> takes: "portable", "avx512" or "amx".</summary>
    public static string Name(this KernelSet set) => set.ToString().ToLowerInvariant();

    /// <summary>The kernels of this set for quantized weights.</summary>
    public static IQuantizedKernels CreateQuantizedKernels(this KernelSet set) =>
        set == KernelSet.Portable || !CpuFeatures.Avx512Vnni ? new PortableQuantizedKernels()
        : set == KernelSet.Amx ? new AmxQuantizedKernels(new AssembledQuantizedKernels())
        : new AssembledQuantizedKernels();

    /// <summary>A new engine of this set for operands of <paramref name="operandType"/>.</summary>
    public static MatrixEngine CreateEngine(this KernelSet set, DType operandType) => (set, operandType) switch
    {
        (KernelSet.Amx, DType.BFloat16) => new AmxEngine(),
        (KernelSet.Avx512, DType.BFloat16) when CpuFeatures.Avx512BFloat16 => new Avx512BFloat16Engine(),
        (KernelSet.Avx512 or KernelSet.Amx, DType.Float32 or DType.BFloat16) => new Avx512FloatEngine(operandType),
        (_, DType.Float32 or DType.BFloat16) => new PortableEngine(operandType),
        _ => throw new ArgumentException($"There are no matrix products of {operandType}.", nameof(operandType)),
    };
}
