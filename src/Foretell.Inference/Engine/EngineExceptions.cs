namespace Foretell.Inference;

/// <summary>The queue is full: the request was not taken. Try again later.</summary>
public sealed class EngineBusyException(int queueLength, TimeSpan retryAfter)
    : InvalidOperationException(FormattableString.Invariant($"The engine is busy: {queueLength} requests wait already; try again in {Math.Ceiling(retryAfter.TotalSeconds)} s."))
{
    /// <summary>Requests that waited.</summary>
    public int QueueLength { get; } = queueLength;

    /// <summary>About when a place will be free, by how long requests took of late; at least a second.</summary>
    public TimeSpan RetryAfter { get; } = retryAfter;
}

/// <summary>The prompt leaves no room for an answer.</summary>
public sealed class ContextFullException(int promptTokens, int contextLength)
    : ArgumentException(FormattableString.Invariant($"The prompt has {promptTokens} tokens and the context {contextLength}; a prompt must leave room for an answer."))
{
    /// <summary>Tokens of the prompt.</summary>
    public int PromptTokens { get; } = promptTokens;

    /// <summary>The most tokens of prompt and answer together: the model's context, or the engine's whole cache where that is smaller.</summary>
    public int ContextLength { get; } = contextLength;
}
