using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Foretell.Tensors.Kernels.Cpu;

/// <summary>
/// Sixteen singles at a time, on every processor: where registers are narrower .NET splits the operations, so the lanes an
/// element falls into, and with them the bits of every sum, are the same everywhere. Rows' ends are padded to whole
/// vectors, so that a row's association depends on its length alone.
/// </summary>
internal static unsafe class Lanes
{
    public const int Count = 16;

    /// <summary>
    /// How many of a row's elements fill whole vectors. Sums over a row start with the part that is left over: a call
    /// after or within their loop would keep .NET from holding the sums in registers.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Whole(int count) => count & -Count;

    /// <summary>Lanes [0, count) from memory, the others filled with <paramref name="padding"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Vector512<float> LoadPart(float* source, long count, float padding = 0)
    {
        Vector512<float> lanes = Vector512.Create(padding);
        for (int lane = 0; lane < count; lane++)
        {
            ((float*)&lanes)[lane] = source[lane];
        }
        return lanes;
    }

    /// <summary>Writes lanes [0, count).</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void StorePart(Vector512<float> lanes, float* destination, long count)
    {
        for (int lane = 0; lane < count; lane++)
        {
            destination[lane] = ((float*)&lanes)[lane];
        }
    }

    /// <summary>The sum of all lanes: halves added to halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector512<float> lanes)
    {
        Vector256<float> eight = lanes.GetLower() + lanes.GetUpper();
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        return (four.GetElement(0) + four.GetElement(2)) + (four.GetElement(1) + four.GetElement(3));
    }

    /// <summary>The sum of all lanes of two vectors that hold a block's lower and upper halves in double precision.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector512<double> lower, Vector512<double> upper)
    {
        Vector512<double> eight = lower + upper;
        Vector256<double> four = eight.GetLower() + eight.GetUpper();
        return (four.GetElement(0) + four.GetElement(2)) + (four.GetElement(1) + four.GetElement(3));
    }

    /// <summary>The first sums of a row: its part past the whole vectors, the other lanes filled with <paramref name="padding"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Rest(float* row, int count, float padding = 0) =>
        Whole(count) == count ? Vector512.Create(padding) : LoadPart(row + Whole(count), count - Whole(count), padding);

    /// <summary>The largest lane; undefined where a lane is not a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Maximum(Vector512<float> lanes)
    {
        Vector256<float> eight = Vector256.MaxNative(lanes.GetLower(), lanes.GetUpper());
        Vector128<float> four = Vector128.MaxNative(eight.GetLower(), eight.GetUpper());
        float first = MathF.Max(four.GetElement(0), four.GetElement(2));
        return MathF.Max(first, MathF.Max(four.GetElement(1), four.GetElement(3)));
    }
}
