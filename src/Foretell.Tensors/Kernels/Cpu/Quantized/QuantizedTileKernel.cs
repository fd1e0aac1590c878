using System.Runtime.InteropServices;
using Foretell.Tensors.Kernels.Cpu.Matrix;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Foretell.Tensors.Kernels.Cpu.Quantized;

/// <summary>
/// Assembles the integer products of quantized weights for AMX: TDPBSUD takes the signed bytes of up to 16 rows of x and the
/// levels of 16 outputs, and gives each block's sum of each pair. Scaling stays outside: each block has scales of its own.
/// Each call configures the tiles and releases them at its end, since live tile state makes a later fault in managed code
/// fatal.
/// </summary>
internal static class QuantizedTileKernel
{
    /// <summary>Rows of a tile.</summary>
    public const int MostRows = 16;

    /// <summary>Bytes of a block's dots under one scale: a whole tile.</summary>
    public const int DotBytes = MostRows * QuantizedLayout.PanelOutputs * sizeof(int);

    /// <summary>The kernel for blocks of one scale, or of two (a half block each).</summary>
    public static ExecutableMemory Assemble(int parts) => new(a =>
    {
        Label block = a.CreateLabel();
        a.mov(rax, Argument(nameof(QuantizedTileArguments.TileConfiguration)));
        a.ldtilecfg(__[rax]);
        a.mov(rsi, Argument(nameof(QuantizedTileArguments.X)));
        a.mov(rdx, Argument(nameof(QuantizedTileArguments.Levels)));
        a.mov(rcx, Argument(nameof(QuantizedTileArguments.Dots)));
        a.mov(r8d, QuantizedLayout.BlockLength);
        a.mov(r9d, QuantizedLayout.VectorBytes);
        AssemblerRegisterTMM[] sums = [tmm0, tmm1], rows = [tmm2, tmm3], levels = [tmm4, tmm5];
        int quads = QuantizedLayout.QuadsPerBlock / parts;

        a.Label(ref block);
        for (int part = 0; part < parts; part++)
        {
            a.tilezero(sums[part]);
            a.tileloadd(rows[part], __[rsi + r8 + part * quads * 4]);
            a.tileloadd(levels[part], __[rdx + r9 + part * quads * QuantizedLayout.VectorBytes]);
            a.tdpbsud(sums[part], rows[part], levels[part]);
            a.tilestored(__[rcx + r9 + part * DotBytes], sums[part]);
        }
        a.add(rsi, Argument(nameof(QuantizedTileArguments.XBlockBytes)));
        a.add(rdx, Argument(nameof(QuantizedTileArguments.LevelBlockBytes)));
        a.add(rcx, parts * DotBytes);
        a.dec(Argument(nameof(QuantizedTileArguments.Blocks)));
        a.jne(block);
        a.tilerelease();
        a.ret();
    });

    /// <summary>The tile shapes for a panel of so many rows, as LDTILECFG reads them: 64 bytes.</summary>
    public static void WriteConfiguration(int rows, int parts, Span<byte> configuration)
    {
        const int firstRowBytes = 16, firstRows = 48;
        int quads = QuantizedLayout.QuadsPerBlock / parts;
        configuration.Clear();
        configuration[0] = 1;
        for (int part = 0; part < 2; part++)
        {
            Shape(part, rows, QuantizedLayout.VectorBytes, configuration);
            Shape(2 + part, rows, quads * 4, configuration);
            Shape(4 + part, quads, QuantizedLayout.VectorBytes, configuration);
        }
        // The others are not used, but a shape of nothing is none.
        Shape(6, 1, QuantizedLayout.VectorBytes, configuration);
        Shape(7, 1, QuantizedLayout.VectorBytes, configuration);

        static void Shape(int tile, int rows, int rowBytes, Span<byte> configuration)
        {
            configuration[firstRowBytes + (2 * tile)] = (byte)rowBytes;
            configuration[firstRows + tile] = (byte)rows;
        }
    }

    private static AssemblerMemoryOperand Argument(string field) => __qword_ptr[rdi + (int)Marshal.OffsetOf<QuantizedTileArguments>(field)];
}
