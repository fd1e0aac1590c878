using Foretell.Tensors;

namespace Foretell.Nn;

/// <summary>The keys and values of one sequence: one <see cref="BlockTable"/> over a <see cref="KeyValuePool"/> of its own, so that each further token costs one row.</summary>
public sealed class KeyValueCache : IDisposable
{
    /// <param name="layers">Number of layers.</param>
    /// <param name="capacity">Tokens that fit.</param>
    /// <param name="keyValueHeads">Key and value heads.</param>
    /// <param name="headSize">Elements of a head.</param>
    /// <param name="type">What the model computes in: Float32 (the default) or Float64.</param>
    public KeyValueCache(Device device, int layers, int capacity, int keyValueHeads, int headSize, DType type = DType.Float32)
    {
        Capacity = capacity;
        Pool = new KeyValuePool(device, layers, KeyValuePool.BlocksFor(capacity), keyValueHeads, headSize, type);
        Table = new BlockTable();
        for (int block = 0; block < Pool.Blocks; block++)
        {
            Table.Add(block);
        }
    }

    public KeyValuePool Pool { get; }

    public BlockTable Table { get; }

    /// <summary>Tokens that fit.</summary>
    public int Capacity { get; }

    /// <summary>Tokens whose keys and values are complete in every layer.</summary>
    public int Length => Table.Length;

    /// <summary>Forgets all tokens from <paramref name="length"/> on.</summary>
    public void Truncate(int length) => Table.Truncate(length);

    public void Dispose() => Pool.Dispose();
}
