namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>Working memory that a thread keeps from call to call and that grows to the largest need.</summary>
internal static unsafe class Scratch
{
    [ThreadStatic]
    private static AlignedMemory?[]? s_memory;

    /// <summary>What the memory is for; each purpose has its own block on each thread.</summary>
    public enum Purpose
    {
        PackedLeft,
        Sums,
        PackedRight,
        Attention,
        AttentionShared,
    }

    private static readonly int s_purposes = Enum.GetValues<Purpose>().Length;

    /// <summary>At least <paramref name="bytes"/> bytes of this thread's memory, with arbitrary contents; valid until the next call for the same purpose.</summary>
    public static byte* Get(Purpose purpose, long bytes)
    {
        AlignedMemory?[] memory = s_memory ??= new AlignedMemory?[s_purposes];
        ref AlignedMemory? block = ref memory[(int)purpose];
        if (block is null || block.Bytes < bytes)
        {
            block?.Dispose();
            block = null;
            block = new AlignedMemory(bytes);
        }
        return block.Pointer;
    }
}
