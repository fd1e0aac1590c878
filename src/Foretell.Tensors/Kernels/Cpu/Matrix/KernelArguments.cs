using System.Runtime.InteropServices;

namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// One call of a panel kernel: a packed left panel times packed right panels, each giving 32 columns of the result.
/// Assembled kernels read the fields by offset and count <see cref="Panels"/>, <see cref="Result"/> and
/// <see cref="Right"/> along in place, so a call consumes its arguments.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct KernelArguments
{
    /// <summary>The left panel at the first depth step.</summary>
    public byte* Left;

    /// <summary>The first right panel at the first depth step.</summary>
    public byte* Right;

    /// <summary>The result's first row and column.</summary>
    public float* Result;

    /// <summary>Bytes from one right panel to the next.</summary>
    public long RightPanelBytes;

    /// <summary>Bytes from one result row to the next.</summary>
    public long ResultRowBytes;

    /// <summary>Depth steps; at least 1.</summary>
    public long Steps;

    /// <summary>Right panels (in each stream, where a kernel reads several streams); at least 1.</summary>
    public long Panels;

    /// <summary>0: the sums start at zero; 1: they start at what the result holds.</summary>
    public long Accumulate;

    /// <summary>Bytes between streams of right panels, for kernels that read several far-apart ones.</summary>
    public long RightStreamBytes;

    /// <summary>Bytes between the streams' result columns.</summary>
    public long ResultStreamBytes;

    /// <summary>Tile shapes for LDTILECFG.</summary>
    public byte* TileConfiguration;
}
