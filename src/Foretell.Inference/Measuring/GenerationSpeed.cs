namespace Foretell.Inference;

/// <summary>How a <see cref="GenerationBenchmark"/> is run.</summary>
public sealed record GenerationBenchmarkOptions
{
    /// <summary>Tokens of the long prompt, at least 1; at most half of the context is taken.</summary>
    public int PromptTokens { get; init; } = 512;

    /// <summary>Tokens to write, at least 2; as many as the context has room for are taken.</summary>
    public int Tokens { get; init; } = 128;

    /// <summary>Requests at once, at least 1.</summary>
    public int Concurrent { get; init; } = 16;

    /// <summary>Measurements of which the median counts, at least 1.</summary>
    public int Repeats { get; init; } = 3;

    /// <summary>Requests whose first token is timed while half of <see cref="Concurrent"/> others are being written, at least 1.</summary>
    public int Arrivals { get; init; } = 24;

    /// <summary>Seed of the random prompts.</summary>
    public ulong Seed { get; init; } = 1;
}

/// <summary>How fast a model reads and writes through the engine.</summary>
/// <param name="PromptTokens">Tokens of the long prompt.</param>
/// <param name="Tokens">Tokens written by each request.</param>
/// <param name="FirstToken">Time to the very first token of the long prompt: caches cold, weights not yet packed.</param>
/// <param name="Prefill">Tokens a second read of the long prompt.</param>
/// <param name="Decode">Tokens a second written by one request behind a short prompt.</param>
/// <param name="DecodeAfterPrompt">The same behind the long prompt.</param>
/// <param name="Concurrent">Requests at once.</param>
/// <param name="ConcurrentDecode">Tokens a second written by all of them together, the reading of their short prompts included.</param>
/// <param name="FirstTokensUnderLoad">Ascending: times to the first token of requests that came one after another while others were being written.</param>
/// <param name="Sampling">Median time to draw a token from the model's scores at temperature 0.8 and top-p 0.95.</param>
/// <param name="Constraint">Mean time that a JSON schema adds to a token; null where the vocabulary cannot write JSON.</param>
public sealed record GenerationSpeed(
    int PromptTokens, int Tokens, TimeSpan FirstToken, double Prefill, double Decode, double DecodeAfterPrompt,
    int Concurrent, double ConcurrentDecode, IReadOnlyList<TimeSpan> FirstTokensUnderLoad, TimeSpan Sampling, TimeSpan? Constraint)
{
    /// <summary>The time to the first token under load within which this share of requests had theirs.</summary>
    public TimeSpan FirstTokenUnderLoad(double share) => FirstTokensUnderLoad[Math.Clamp((int)Math.Ceiling(share * FirstTokensUnderLoad.Count) - 1, 0, FirstTokensUnderLoad.Count - 1)];
}
