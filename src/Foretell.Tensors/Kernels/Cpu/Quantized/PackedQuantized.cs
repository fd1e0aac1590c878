using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Kernels.Cpu.Quantized;

/// <summary>Quantized weights [outputs, depth] in the layout of <see cref="QuantizedLayout"/>, packed once and multiplied many times. Owns its memory.</summary>
internal sealed unsafe class PackedQuantized : IDisposable
{
    private readonly AlignedMemory _memory;

    public PackedQuantized(DType type, int outputs, int depth)
    {
        Type = type;
        Outputs = outputs;
        Depth = depth;
        PanelBytes = QuantizedLayout.PanelBytes(type, depth);
        _memory = new AlignedMemory(Panels * PanelBytes);
    }

    public DType Type { get; }

    public int Outputs { get; }

    public int Depth { get; }

    /// <summary>Panels of 16 outputs; the last one's missing outputs repeat another.</summary>
    public int Panels => (Outputs + QuantizedLayout.PanelOutputs - 1) / QuantizedLayout.PanelOutputs;

    public long PanelBytes { get; }

    public byte* Pointer => _memory.Pointer;

    /// <summary>Packs <paramref name="weight"/> [outputs, depth], its panels shared out among the workers.</summary>
    public void Pack(MatrixView weight, WorkerPool pool)
    {
        if (Depth > 0)
        {
            pool.For(Panels, 1, (start, end) =>
            {
                for (int panel = start; panel < end; panel++)
                {
                    PackPanel(weight, panel);
                }
            });
        }
    }

    public void Dispose() => _memory.Dispose();

    private void PackPanel(MatrixView weight, int panel)
    {
        byte** rows = stackalloc byte*[QuantizedLayout.PanelOutputs];
        for (int lane = 0; lane < QuantizedLayout.PanelOutputs; lane++)
        {
            rows[lane] = weight.At(Math.Min(panel * QuantizedLayout.PanelOutputs + lane, Outputs - 1), 0);
        }
        int groupBlocks = QuantizedLayout.GroupBlocks(Type);
        int blocks = Depth / QuantizedLayout.BlockLength;
        byte* destination = Pointer + panel * PanelBytes;
        for (int block = 0; block < blocks; block += groupBlocks)
        {
            int count = Math.Min(groupBlocks, blocks - block);
            long source = Type.Bytes((long)block * QuantizedLayout.BlockLength);
            if (Type is DType.Q8_0 or DType.Q4_0)
            {
                PackPlain(rows, source, count, destination);
            }
            else
            {
                PackSuperBlock(rows, source, destination);
            }
            destination += QuantizedLayout.GroupBytes(Type, count);
        }
    }

    private void PackPlain(byte** rows, long source, int blocks, byte* destination)
    {
        int blockBytes = Type.BlockBytes();
        int quads = (blockBytes - sizeof(ushort)) / sizeof(uint);
        // Signed bytes become levels from 0 by turning their sign bit.
        uint flip = Type == DType.Q8_0 ? 0x80808080 : 0;
        if (blocks == 1)
        {
            new Span<byte>(destination + QuantizedLayout.HalfScaleBytes, QuantizedLayout.HalfScaleBytes).Clear();
        }
        for (int block = 0; block < blocks; block++, source += blockBytes)
        {
            Scales(rows, source, destination + block * QuantizedLayout.HalfScaleBytes);
            Quads(rows, source + sizeof(ushort), quads, flip, destination + QuantizedLayout.Vector(Type, block, 0).Offset, 1);
        }
    }

    private void PackSuperBlock(byte** rows, long source, byte* destination)
    {
        int blocks = QuantizedLayout.GroupBlocks(Type);
        if (Type == DType.Q4_K)
        {
            const int packedScales = 4, levels = 16;
            Scales(rows, source, destination);
            Scales(rows, source + sizeof(ushort), destination + QuantizedLayout.HalfMinima);
            for (int lane = 0; lane < QuantizedLayout.PanelOutputs; lane++)
            {
                var packed = new ReadOnlySpan<byte>(rows[lane] + source + packedScales, levels - packedScales);
                for (int block = 0; block < blocks; block++)
                {
                    (int scale, int minimum) = BlockLevels.SixBitPair(packed, block);
                    destination[QuantizedLayout.SmallScales(Type, block, 0) + lane] = (byte)scale;
                    destination[QuantizedLayout.SmallMinima(block) + lane] = (byte)minimum;
                }
            }
            for (int block = 0; block < blocks; block += 2)
            {
                Quads(rows, source + levels + block / 2 * QuantizedLayout.BlockLength, 8, 0, destination + QuantizedLayout.Vector(Type, block, 0).Offset, 1);
            }
            return;
        }
        const int half = 128, scaleStart = 192, superStart = 208;
        Scales(rows, source + superStart, destination);
        new Span<byte>(destination + QuantizedLayout.HalfScaleBytes, QuantizedLayout.HalfScaleBytes).Clear();
        for (int block = 0; block < blocks; block++)
        {
            for (int lane = 0; lane < QuantizedLayout.PanelOutputs; lane++)
            {
                byte* scales = rows[lane] + source + scaleStart + 2 * block;
                destination[QuantizedLayout.SmallScales(Type, block, 0) + lane] = scales[0];
                destination[QuantizedLayout.SmallScales(Type, block, 1) + lane] = scales[1];
            }
            // Blocks 0 and 1 of each four hold the low bits of all four, block 0's high bits too.
            if (block % 4 < 2)
            {
                Quads(rows, source + block / 4 * half / 2 + block % 4 * QuantizedLayout.BlockLength, 8, 0, destination + QuantizedLayout.Vector(Type, block, 0).Offset, 3);
            }
            if (block % 4 == 0)
            {
                Quads(rows, source + half + block * QuantizedLayout.BlockLength / 4, 8, 0, destination + QuantizedLayout.HighVector(block, 0).Offset, 3);
            }
        }
    }

    /// <summary>A half of each row side by side.</summary>
    private static void Scales(byte** rows, long offset, byte* destination)
    {
        for (int lane = 0; lane < QuantizedLayout.PanelOutputs; lane++)
        {
            ((ushort*)destination)[lane] = *(ushort*)(rows[lane] + offset);
        }
    }

    /// <summary>Four bytes of each row side by side, then, <paramref name="apart"/> vectors on, the next four.</summary>
    private static void Quads(byte** rows, long offset, int quads, uint flip, byte* destination, int apart)
    {
        for (int lane = 0; lane < QuantizedLayout.PanelOutputs; lane++)
        {
            uint* from = (uint*)(rows[lane] + offset);
            uint* to = (uint*)destination + lane;
            for (int quad = 0; quad < quads; quad++)
            {
                to[quad * apart * QuantizedLayout.PanelOutputs] = from[quad] ^ flip;
            }
        }
    }
}
