using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Foretell.Tensors.Kernels.Cpu.Quantized;

/// <summary>
/// Kernels in .NET vectors of eight outputs, for any processor. Levels are split into their even and odd bytes as 16-bit
/// numbers, whose products with signed bytes are exact: at most 255 · 127.
/// </summary>
internal sealed unsafe class PortableQuantizedKernels : IQuantizedKernels
{
    private const int Lanes = 8;
    private const int Halves = QuantizedLayout.PanelOutputs / Lanes;

    public string Name => "portable";

    public void Run(DType type, int rows, int streams, bool prefetch, QuantizedArguments* call)
    {
        for (long panel = 0; panel < call->Panels; panel++)
        {
            for (int stream = 0; stream < streams; stream++)
            {
                byte* weights = call->Weights + panel * call->PanelStepBytes + stream * call->StreamBytes;
                byte* result = (byte*)call->Result + panel * call->ResultStepBytes + stream * call->ResultStreamBytes;
                Panel(type, rows, call, weights, result);
            }
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Panel(DType type, int rows, QuantizedArguments* call, byte* weights, byte* result)
    {
        Vector256<float>* sums = stackalloc Vector256<float>[QuantizedLayout.MostRows * Halves];
        for (int i = 0; i < rows * Halves; i++)
        {
            sums[i] = call->Accumulate != 0 ? Vector256.Load((float*)(result + i / Halves * call->ResultRowBytes) + i % Halves * Lanes) : default;
        }
        Vector256<short>* levels = stackalloc Vector256<short>[QuantizedLayout.QuadsPerBlock * Halves * 2];
        byte* x = call->X;
        int groupBlocks = QuantizedLayout.GroupBlocks(type);
        int blockBytes = rows * QuantizedLayout.RowBlockBytes(type);
        for (long group = 0; group < call->Groups + call->Tail; group++)
        {
            int blocks = group < call->Groups ? groupBlocks : 1;
            for (int block = 0; block < blocks; block++, x += blockBytes)
            {
                SplitLevels(type, weights, block, levels);
                for (int part = 0; part < QuantizedLayout.Parts(type); part++)
                {
                    AddPart(type, rows, weights, block, part, x, levels, sums);
                }
            }
            weights += QuantizedLayout.GroupBytes(type, blocks);
        }
        for (int i = 0; i < rows * Halves; i++)
        {
            sums[i].Store((float*)(result + i / Halves * call->ResultRowBytes) + i % Halves * Lanes);
        }
    }

    /// <summary>levels [quad][half][even bytes, odd bytes] of a block.</summary>
    private static void SplitLevels(DType type, byte* weights, int block, Vector256<short>* levels)
    {
        Vector256<uint> nibble = Vector256.Create(0x0f0f0f0fu), bytes = Vector256.Create(0x00ff00ffu);
        for (int quad = 0; quad < QuantizedLayout.QuadsPerBlock; quad++)
        {
            (int offset, int shift) = QuantizedLayout.Vector(type, block, quad);
            (int highOffset, int highShift) = QuantizedLayout.HighVector(block, quad);
            for (int half = 0; half < Halves; half++)
            {
                Vector256<uint> level = Vector256.Load((uint*)(weights + offset) + half * Lanes);
                if (type != DType.Q8_0)
                {
                    level = Vector256.ShiftRightLogical(level, shift) & nibble;
                }
                if (type == DType.Q6_K)
                {
                    Vector256<uint> high = Vector256.Load((uint*)(weights + highOffset) + half * Lanes);
                    level |= (Vector256.ShiftRightLogical(high, highShift) & Vector256.Create(0x03030303u)) << 4;
                }
                *levels++ = (level & bytes).AsInt16();
                *levels++ = (level >>> 8 & bytes).AsInt16();
            }
        }
    }

    /// <summary>The numbers under one scale, for all rows of the panel.</summary>
    private static void AddPart(DType type, int rows, byte* weights, int block, int part, byte* x, Vector256<short>* levels, Vector256<float>* sums)
    {
        (int scales, int starts) = QuantizedLayout.BlockOffsets(rows);
        int parts = QuantizedLayout.Parts(type);
        int quads = QuantizedLayout.QuadsPerBlock / parts;
        (Vector256<float> lowScale, Vector256<float> highScale) = Scale(type, weights, block, part);
        for (int row = 0; row < rows; row++)
        {
            int start = type.ZeroLevel() == 0 ? 0 : *(int*)(x + starts + (part * rows + row) * sizeof(int));
            Vector256<int> low = Vector256.Create(start), high = low;
            uint* quad = (uint*)(x + row * QuantizedLayout.BlockLength) + part * quads;
            Vector256<short>* level = levels + part * quads * Halves * 2;
            for (int i = 0; i < quads; i++, level += Halves * 2)
            {
                Vector256<short> even = Pair(quad[i]), odd = Pair(quad[i] >> 8);
                low += PairProducts(level[0], even) + PairProducts(level[1], odd);
                high += PairProducts(level[2], even) + PairProducts(level[3], odd);
            }
            Vector256<float> xScale = Vector256.Create(*(float*)(x + scales + row * sizeof(float)));
            Vector256<float>* sum = sums + row * Halves;
            sum[0] = Vector256.FusedMultiplyAdd(xScale * lowScale, Vector256.ConvertToSingle(low), sum[0]);
            sum[1] = Vector256.FusedMultiplyAdd(xScale * highScale, Vector256.ConvertToSingle(high), sum[1]);
        }
        if (type.HasMinimum())
        {
            int small = QuantizedLayout.SmallMinima(block);
            (Vector256<float> lowMinimum, Vector256<float> highMinimum) = (Small(type, weights, small, QuantizedLayout.HalfMinima, 0), Small(type, weights, small, QuantizedLayout.HalfMinima, 1));
            for (int row = 0; row < rows; row++)
            {
                Vector256<float> xSum = Vector256.Create(*(float*)(x + starts + row * sizeof(float)));
                Vector256<float>* sum = sums + row * Halves;
                sum[0] = Vector256.FusedMultiplyAdd(-lowMinimum, xSum, sum[0]);
                sum[1] = Vector256.FusedMultiplyAdd(-highMinimum, xSum, sum[1]);
            }
        }
    }

    private static (Vector256<float> Low, Vector256<float> High) Scale(DType type, byte* weights, int block, int part)
    {
        if (QuantizedLayout.GroupBlocks(type) == 2)
        {
            byte* halves = weights + block * QuantizedLayout.HalfScaleBytes;
            return (HalfScales(halves, 0), HalfScales(halves, 1));
        }
        int small = QuantizedLayout.SmallScales(type, block, part);
        return (Small(type, weights, small, 0, 0), Small(type, weights, small, 0, 1));
    }

    private static Vector256<float> Small(DType type, byte* weights, int small, int halves, int half)
    {
        float* numbers = stackalloc float[Lanes];
        for (int lane = 0; lane < Lanes; lane++)
        {
            byte number = weights[small + half * Lanes + lane];
            numbers[lane] = type == DType.Q6_K ? (sbyte)number : number;
        }
        return Vector256.Load(numbers) * HalfScales(weights + halves, half);
    }

    private static Vector256<float> HalfScales(byte* halves, int half)
    {
        float* numbers = stackalloc float[Lanes];
        for (int lane = 0; lane < Lanes; lane++)
        {
            numbers[lane] = (float)((Half*)halves)[half * Lanes + lane];
        }
        return Vector256.Load(numbers);
    }

    /// <summary>Bytes 0 and 2 of four signed ones, as pairs of 16-bit numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Pair(uint quad) =>
        Vector256.Create((ushort)(short)(sbyte)quad | (int)(sbyte)(quad >> 16) << 16).AsInt16();

    /// <summary>The sum of each pair of products, as 32-bit integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> PairProducts(Vector256<short> left, Vector256<short> right)
    {
        if (Avx2.IsSupported)
        {
            return Avx2.MultiplyAddAdjacent(left, right);
        }
        Vector256<int> products = (left * right).AsInt32();
        return (products << 16 >> 16) + (products >> 16);
    }
}
