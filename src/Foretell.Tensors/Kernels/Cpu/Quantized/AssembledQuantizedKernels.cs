using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Kernels.Cpu.Quantized;

/// <summary>Kernels of AVX-512 with VNNI, assembled when they are first needed, for all users in the process.</summary>
internal sealed unsafe class AssembledQuantizedKernels : IQuantizedKernels
{
    private const int MostStreams = 4;

    private static readonly ExecutableMemory?[] s_kernels = new ExecutableMemory?[16 * (QuantizedLayout.MostRows + 1) * (MostStreams + 1) * 2];

    public string Name => "AVX-512 VNNI";

    public void Run(DType type, int rows, int streams, bool prefetch, QuantizedArguments* call)
    {
        int index = (((int)type * (QuantizedLayout.MostRows + 1) + rows) * (MostStreams + 1) + streams) * 2 + (prefetch ? 1 : 0);
        ExecutableMemory? kernel = Volatile.Read(ref s_kernels[index]);
        if (kernel is null)
        {
            lock (s_kernels)
            {
                kernel = s_kernels[index] ??= VnniKernel.Assemble(type, rows, streams, prefetch);
            }
        }
        kernel.Invoke(call);
    }
}
