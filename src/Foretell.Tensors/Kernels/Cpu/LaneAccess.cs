using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Foretell.Tensors.Kernels.Cpu;

/// <summary>
/// How a loop reads and writes its vectors: the same body is compiled once for whole vectors and once for the part at a
/// row's end, whose calls would cost the whole ones their registers.
/// </summary>
internal unsafe interface ILanes
{
    static abstract Vector512<float> Load(float* source, int count);

    static abstract void Store(Vector512<float> lanes, float* destination, int count);
}

/// <summary>All sixteen; the count is not looked at.</summary>
internal readonly unsafe struct WholeLanes : ILanes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* source, int count) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> lanes, float* destination, int count) => lanes.Store(destination);
}

/// <summary>The first few.</summary>
internal readonly unsafe struct PartOfLanes : ILanes
{
    public static Vector512<float> Load(float* source, int count) => Lanes.LoadPart(source, count);

    public static void Store(Vector512<float> lanes, float* destination, int count) => Lanes.StorePart(lanes, destination, count);
}
