namespace Foretell.Tensors.Kernels.Cpu.Quantized;

/// <summary>A panel of x times panels of quantized weights, in one kind of machine code; all kinds give the same bits.</summary>
internal unsafe interface IQuantizedKernels
{
    /// <summary>What runs, for people.</summary>
    string Name { get; }

    /// <summary>Rows of the tallest panel of x that these kernels take.</summary>
    int MostRows => QuantizedLayout.MostRows;

    /// <summary>Runs one call.</summary>
    /// <param name="type">The weights' type.</param>
    /// <param name="rows">Rows of the panel of x, in [1, <see cref="MostRows"/>].</param>
    /// <param name="streams">Panels of weights taken at once, in [1, 4]; at most 12 with <paramref name="rows"/> multiplied in where those are at most <see cref="QuantizedLayout.MostRows"/>, else 2.</param>
    /// <param name="prefetch">Whether the weights come from memory, in far-apart streams, rather than from a cache.</param>
    /// <param name="call">The operands; consumed.</param>
    void Run(DType type, int rows, int streams, bool prefetch, QuantizedArguments* call);
}
