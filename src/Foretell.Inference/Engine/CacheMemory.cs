using Foretell.Models;
using Foretell.Nn;

namespace Foretell.Inference;

/// <summary>How much of the options' memory an engine takes for keys and values.</summary>
internal static class CacheMemory
{
    /// <summary>Blocks of <see cref="KeyValuePool.BlockTokens"/> tokens: as many as the options ask for or their memory holds, and no more than all sequences can use.</summary>
    /// <param name="bytesPerToken">Keys and values of a token in all layers, those of a draft model included.</param>
    /// <exception cref="ArgumentException">The memory holds no block, or too many to count.</exception>
    public static int Blocks(TransformerConfig config, long bytesPerToken, EngineOptions options)
    {
        long perBlock = bytesPerToken * KeyValuePool.BlockTokens;
        long useful = (long)options.MaximumSequences * KeyValuePool.BlocksFor(options.ContextOf(config.ContextLength));
        long blocks = options.CacheTokens > 0 ? KeyValuePool.BlocksFor(options.CacheTokens) : Math.Min(useful, options.CacheBytes / perBlock);
        return blocks is > 0 and <= int.MaxValue / KeyValuePool.BlockTokens
            ? (int)blocks
            : throw new ArgumentException(FormattableString.Invariant($"engine: a cache of {options.CacheBytes} bytes holds {blocks} blocks of {KeyValuePool.BlockTokens} tokens at {perBlock} bytes each; give it room for at least one and at most {int.MaxValue / KeyValuePool.BlockTokens}."));
    }
}
