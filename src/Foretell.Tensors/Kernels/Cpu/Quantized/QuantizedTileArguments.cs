using System.Runtime.InteropServices;

namespace Foretell.Tensors.Kernels.Cpu.Quantized;

/// <summary>One call of <see cref="QuantizedTileKernel"/>: integer products of a panel of x with a panel of weights, block by block.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct QuantizedTileArguments
{
    /// <summary>64 bytes, as LDTILECFG reads them.</summary>
    public byte* TileConfiguration;

    /// <summary>The panel of x at the first block: [row][32] signed bytes.</summary>
    public byte* X;

    /// <summary>Bytes from one block of x to the next.</summary>
    public long XBlockBytes;

    /// <summary>Levels at the first block: [quad][16 outputs][4] unsigned bytes.</summary>
    public byte* Levels;

    /// <summary>Bytes from one block of levels to the next.</summary>
    public long LevelBlockBytes;

    /// <summary>[block][part][<see cref="QuantizedTileKernel.MostRows"/>][16] integers, of which each panel row's are written.</summary>
    public int* Dots;

    /// <summary>Blocks; at least 1. Counted down.</summary>
    public long Blocks;
}
