using Foretell.Tensors;
using Foretell.Tensors.Kernels;

namespace Foretell.Nn;

/// <summary>
/// The keys and values of many sequences, in blocks of <see cref="BlockTokens"/> tokens of every layer (Kwon et al. 2023,
/// <see href="https://arxiv.org/abs/2309.06180"/>), packed as the device multiplies with them: in bfloat16 where it
/// multiplies bfloat16. The memory is fixed from the start. Who has which block is the caller's business.
/// </summary>
public sealed class KeyValuePool : IDisposable
{
    /// <summary>Tokens of a block.</summary>
    public const int BlockTokens = PagedAttentionPlan.BlockTokens;

    private readonly TensorScope _scope;

    /// <param name="layers">Number of layers.</param>
    /// <param name="blocks">Number of blocks; their ids are [0, blocks).</param>
    /// <param name="keyValueHeads">Key and value heads.</param>
    /// <param name="headSize">Elements of a head.</param>
    /// <param name="type">What the model computes in: Float32 (the default) or Float64.</param>
    public KeyValuePool(Device device, int layers, int blocks, int keyValueHeads, int headSize, DType type = DType.Float32)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(blocks);
        Blocks = blocks;
        KeyValueHeads = keyValueHeads;
        HeadSize = headSize;
        long layerBytes = device.Backend.KeyValueBlockBytes(keyValueHeads, headSize, type);
        BlockBytes = layers * layerBytes;
        Layers = layers;
        _scope = new TensorScope(device);
        Memory = _scope.Empty([layers, blocks, checked((int)(layerBytes / sizeof(int)))], DType.Int32);
    }

    /// <summary>Number of blocks.</summary>
    public int Blocks { get; }

    public int KeyValueHeads { get; }

    public int HeadSize { get; }

    /// <summary>Bytes of one block in all layers.</summary>
    public long BlockBytes { get; }

    /// <summary>Bytes of all blocks.</summary>
    public long Bytes => Blocks * BlockBytes;

    /// <summary>Number of layers.</summary>
    public int Layers { get; }

    public Device Device => _scope.Device;

    /// <summary>Bytes that one block takes in all layers.</summary>
    /// <param name="type">What the model computes in: Float32 (the default) or Float64.</param>
    public static long BytesPerBlock(Device device, int layers, int keyValueHeads, int headSize, DType type = DType.Float32) =>
        layers * device.Backend.KeyValueBlockBytes(keyValueHeads, headSize, type);

    /// <summary>Bytes that one token takes in all layers, in a full block.</summary>
    /// <param name="type">What the model computes in: Float32 (the default) or Float64.</param>
    public static long BytesPerToken(Device device, int layers, int keyValueHeads, int headSize, DType type = DType.Float32) =>
        (BytesPerBlock(device, layers, keyValueHeads, headSize, type) + BlockTokens - 1) / BlockTokens;

    /// <summary>Blocks that hold <paramref name="tokens"/> tokens.</summary>
    public static int BlocksFor(int tokens) => PagedAttentionPlan.BlocksFor(tokens);

    /// <summary>All blocks, in the device's own order: [layers, blocks, integers of a block].</summary>
    public Tensor Memory { get; }

    /// <summary>Copies a block's contents in every layer over another's: before a sequence writes into a partly filled block that it shares.</summary>
    public void CopyBlock(int from, int to)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)from, (uint)Blocks, nameof(from));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)to, (uint)Blocks, nameof(to));
        for (int first = 0; first < Layers * Blocks; first += Blocks)
        {
            Memory.Row<int>(first + from).CopyTo(Memory.Row<int>(first + to));
        }
    }

    public void Dispose() => _scope.Dispose();
}
