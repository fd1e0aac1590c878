using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foretell.Tensors.Kernels.Cpu.Matrix;

namespace Foretell.Tensors.Kernels.Cpu.Quantized;

/// <summary>
/// AMX for many rows, AVX-512 with VNNI for few. The tiles give each block's integer sums; these are scaled and added in
/// single precision in the order that all kernels keep (<see cref="Reference.ReferenceQuantized"/>), so the bits are theirs.
/// </summary>
/// <param name="fewRows">Serves panels of at most <see cref="QuantizedLayout.MostRows"/> rows.</param>
internal unsafe class AmxQuantizedKernels(IQuantizedKernels fewRows) : IQuantizedKernels
{
    private const int LevelBytes = QuantizedLayout.QuadsPerBlock * QuantizedLayout.VectorBytes;

    /// <summary>Blocks whose dots lie in the first-level cache between the tiles and the scaling: a group of the longest kind.</summary>
    private const int BlocksAtOnce = 8;

    private static readonly Lazy<ExecutableMemory>[] s_kernels = [new(() => QuantizedTileKernel.Assemble(1)), new(() => QuantizedTileKernel.Assemble(2))];

    public string Name => "AMX int8 and " + fewRows.Name;

    public int MostRows => QuantizedTileKernel.MostRows;

    public void Run(DType type, int rows, int streams, bool prefetch, QuantizedArguments* call)
    {
        if (rows <= QuantizedLayout.MostRows)
        {
            fewRows.Run(type, rows, streams, prefetch, call);
            return;
        }
        for (long panel = 0; panel < call->Panels; panel++)
        {
            for (int stream = 0; stream < streams; stream++)
            {
                byte* weights = call->Weights + (panel * call->PanelStepBytes) + (stream * call->StreamBytes);
                byte* result = (byte*)call->Result + (panel * call->ResultStepBytes) + (stream * call->ResultStreamBytes);
                Panel(type, rows, call, weights, result);
            }
        }
    }

    /// <summary>Runs the tiles; tests put an interpreter here.</summary>
    /// <param name="rows">Rows of the panel of x.</param>
    /// <param name="parts">Sums a block.</param>
    protected virtual void Execute(ExecutableMemory kernel, QuantizedTileArguments* arguments, int rows, int parts) => kernel.Invoke(arguments);

    [SkipLocalsInit]
    private void Panel(DType type, int rows, QuantizedArguments* call, byte* weights, byte* result)
    {
        int parts = QuantizedLayout.Parts(type);
        byte* configuration = stackalloc byte[64];
        QuantizedTileKernel.WriteConfiguration(rows, parts, new Span<byte>(configuration, 64));
        byte* scratch = Scratch.Get(Scratch.Purpose.Sums, (BlocksAtOnce * (LevelBytes + (2 * QuantizedTileKernel.DotBytes))) + (QuantizedTileKernel.MostRows * QuantizedLayout.VectorBytes));
        byte* levels = scratch;
        int* dots = (int*)(levels + (BlocksAtOnce * LevelBytes));
        float* sums = (float*)((byte*)dots + (BlocksAtOnce * 2 * QuantizedTileKernel.DotBytes));
        for (int row = 0; row < rows; row++)
        {
            (call->Accumulate != 0 ? Vector512.Load((float*)(result + (row * call->ResultRowBytes))) : default).Store(sums + (row * QuantizedLayout.PanelOutputs));
        }
        int groupBlocks = QuantizedLayout.GroupBlocks(type);
        int blockBytes = rows * QuantizedLayout.RowBlockBytes(type);
        byte* x = call->X;
        for (long group = 0; group < call->Groups + call->Tail; group++)
        {
            int blocks = group < call->Groups ? groupBlocks : 1;
            byte* source = levels;
            if (type == DType.Q8_0)
            {
                source = weights + QuantizedLayout.Vector(type, 0, 0).Offset;
            }
            else
            {
                Spread(type, weights, blocks, levels);
            }
            var arguments = new QuantizedTileArguments { TileConfiguration = configuration, X = x, XBlockBytes = blockBytes, Levels = source, LevelBlockBytes = LevelBytes, Dots = dots, Blocks = blocks };
            Execute(s_kernels[parts - 1].Value, &arguments, rows, parts);
            for (int block = 0; block < blocks; block++, x += blockBytes)
            {
                AddBlock(type, rows, weights, block, x, dots + (block * parts * QuantizedTileKernel.DotBytes / sizeof(int)), sums);
            }
            weights += QuantizedLayout.GroupBytes(type, blocks);
        }
        for (int row = 0; row < rows; row++)
        {
            Vector512.Load(sums + (row * QuantizedLayout.PanelOutputs)).Store((float*)(result + (row * call->ResultRowBytes)));
        }
    }

    /// <summary>A group's levels a byte each: [block][quad][16 outputs][4].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Spread(DType type, byte* weights, int blocks, byte* levels)
    {
        Vector512<uint> nibble = Vector512.Create(0x0f0f0f0fu), pair = Vector512.Create(0x03030303u);
        for (int block = 0; block < blocks; block++)
        {
            for (int quad = 0; quad < QuantizedLayout.QuadsPerBlock; quad++, levels += QuantizedLayout.VectorBytes)
            {
                (int offset, int shift) = QuantizedLayout.Vector(type, block, quad);
                Vector512<uint> level = Vector512.ShiftRightLogical(Vector512.Load((uint*)(weights + offset)), shift) & nibble;
                if (type == DType.Q6_K)
                {
                    (offset, shift) = QuantizedLayout.HighVector(block, quad);
                    level |= (Vector512.ShiftRightLogical(Vector512.Load((uint*)(weights + offset)), shift) & pair) << 4;
                }
                level.Store((uint*)levels);
            }
        }
    }

    /// <summary>sum += (x's scale · weight's scale) · dot, for each part of a block; then the minima.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddBlock(DType type, int rows, byte* weights, int block, byte* x, int* dots, float* sums)
    {
        (int scales, int starts) = QuantizedLayout.BlockOffsets(rows);
        int parts = QuantizedLayout.Parts(type);
        bool hasZero = type.ZeroLevel() != 0;
        for (int part = 0; part < parts; part++)
        {
            Vector512<float> scale = Scale(type, weights, block, part);
            int* dot = dots + (part * QuantizedTileKernel.DotBytes / sizeof(int));
            for (int row = 0; row < rows; row++)
            {
                int start = hasZero ? *(int*)(x + starts + (((part * rows) + row) * sizeof(int))) : 0;
                Vector512<float> number = Vector512.ConvertToSingle(Vector512.Load(dot + (row * QuantizedLayout.PanelOutputs)) + Vector512.Create(start));
                Vector512<float> factor = scale * Vector512.Create(*(float*)(x + scales + (row * sizeof(float))));
                float* sum = sums + (row * QuantizedLayout.PanelOutputs);
                Vector512.FusedMultiplyAdd(factor, number, Vector512.Load(sum)).Store(sum);
            }
        }
        if (type.HasMinimum())
        {
            Vector512<float> minimum = -Small(type, weights, QuantizedLayout.SmallMinima(block), QuantizedLayout.HalfMinima);
            for (int row = 0; row < rows; row++)
            {
                float* sum = sums + (row * QuantizedLayout.PanelOutputs);
                Vector512.FusedMultiplyAdd(minimum, Vector512.Create(*(float*)(x + starts + (row * sizeof(float)))), Vector512.Load(sum)).Store(sum);
            }
        }
    }

    private static Vector512<float> Scale(DType type, byte* weights, int block, int part) => QuantizedLayout.GroupBlocks(type) == 2
        ? Halves(weights + (block * QuantizedLayout.HalfScaleBytes))
        : Small(type, weights, QuantizedLayout.SmallScales(type, block, part), 0);

    /// <summary>Small integers times halves, exact in single precision.</summary>
    private static Vector512<float> Small(DType type, byte* weights, int small, int half)
    {
        Vector128<byte> bytes = Vector128.Load(weights + small);
        Vector512<int> numbers = type == DType.Q6_K
            ? Vector512.WidenLower(Vector512.WidenLower(bytes.AsSByte().ToVector256Unsafe().ToVector512Unsafe()))
            : Vector512.WidenLower(Vector512.WidenLower(bytes.ToVector256Unsafe().ToVector512Unsafe())).AsInt32();
        return Vector512.ConvertToSingle(numbers) * Halves(weights + half);
    }

    private static Vector512<float> Halves(byte* halves)
    {
        float* numbers = stackalloc float[QuantizedLayout.PanelOutputs];
        Float16Conversion.Widen((ushort*)halves, numbers, QuantizedLayout.PanelOutputs);
        return Vector512.Load(numbers);
    }
}
