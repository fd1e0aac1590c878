namespace Foretell.Inference;

/// <summary>How an engine shares its memory and its time among requests.</summary>
public sealed record EngineOptions
{
    /// <summary>The most memory for keys and values, in bytes; less is taken where <see cref="MaximumSequences"/> full contexts need less. Default 1 GiB.</summary>
    public long CacheBytes { get; init; } = 1L << 30;

    /// <summary>Tokens whose keys and values fit, instead of <see cref="CacheBytes"/>; rounded up to whole blocks. 0 (the default) leaves it to the bytes.</summary>
    public int CacheTokens { get; init; }

    /// <summary>The most tokens of a prompt and its answer, where that is less than the model's context; 0 (the default) for the model's.</summary>
    public int ContextLength { get; init; }

    /// <summary>The most tokens that one pass of the model reads: larger reads long prompts faster, smaller keeps the answers being written flowing. Default 512.</summary>
    public int MaximumBatchTokens { get; init; } = 512;

    /// <summary>The most sequences in the cache at once; each choice of a request is one. Default 64.</summary>
    public int MaximumSequences { get; init; } = 64;

    /// <summary>The most requests that wait to begin; more are refused with <see cref="EngineBusyException"/>. Default 256.</summary>
    public int QueueLimit { get; init; } = 256;

    /// <summary>Whether the beginnings that prompts share are computed once and kept while there is room. Default true.</summary>
    public bool PrefixCache { get; init; } = true;

    /// <summary>Guessing tokens ahead; null (the default) for none. The answers are the same with and without.</summary>
    public SpeculationOptions? Speculation { get; init; }

    /// <summary>Throws one sentence that names the first option out of its range.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public void Validate()
    {
        Require(CacheBytes > 0, $"the cache needs memory; {CacheBytes} bytes were given");
        Require(CacheTokens >= 0, $"the cache's tokens must be at least 0; they are {CacheTokens}");
        Require(ContextLength is 0 or > 1, $"the context must have room for a token and its answer; it has {ContextLength}");
        Require(MaximumSequences > 0, $"at least 1 sequence must run at once; {MaximumSequences} may");
        Require(MaximumBatchTokens >= MaximumSequences, $"a pass must have a token for each sequence; it reads {MaximumBatchTokens} tokens and {MaximumSequences} sequences may run");
        Require(QueueLimit > 0, $"at least 1 request must be able to wait; {QueueLimit} may");
        Speculation?.Validate();
    }

    /// <summary>The most tokens of a sequence of a model that has so many.</summary>
    internal int ContextOf(int model) => ContextLength == 0 ? model : Math.Min(model, ContextLength);

    private static void Require(bool condition, FormattableString complaint)
    {
        if (!condition)
        {
            throw new ArgumentException($"engine: {FormattableString.Invariant(complaint)}.");
        }
    }
}
