using System.Runtime.InteropServices;

namespace Foretell.Tensors.Kernels.Cpu.Quantized;

/// <summary>
/// One call of a kernel: a panel of x times panels of quantized weights, each giving 16 columns of the result. Assembled
/// kernels read the fields by offset and count <see cref="Panels"/>, <see cref="Weights"/> and <see cref="Result"/> along in
/// place, so a call consumes its arguments.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct QuantizedArguments
{
    /// <summary>The panel of x at the first block.</summary>
    public byte* X;

    /// <summary>The first panel of weights at the first group.</summary>
    public byte* Weights;

    /// <summary>The result's first row and column.</summary>
    public float* Result;

    /// <summary>Bytes from one result row to the next.</summary>
    public long ResultRowBytes;

    /// <summary>Whole groups along depth.</summary>
    public long Groups;

    /// <summary>1 when an odd block follows the groups, else 0.</summary>
    public long Tail;

    /// <summary>Panels in each stream; at least 1.</summary>
    public long Panels;

    /// <summary>Bytes from one panel of a stream to its next.</summary>
    public long PanelStepBytes;

    /// <summary>Bytes from one panel's result to the next's of the stream.</summary>
    public long ResultStepBytes;

    /// <summary>Bytes between the streams' panels.</summary>
    public long StreamBytes;

    /// <summary>Bytes between the streams' results.</summary>
    public long ResultStreamBytes;

    /// <summary>0: the sums start at zero; 1: they start at what the result holds.</summary>
    public long Accumulate;
}
