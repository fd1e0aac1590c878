namespace Foretell.Inference;

/// <summary>What one caller wants continued, and how.</summary>
public sealed record GenerationRequest
{
    /// <summary>The most alternatives a token may be given with.</summary>
    public const int MostAlternatives = 20;

    /// <summary>The most answers to one prompt.</summary>
    public const int MostChoices = 128;

    /// <summary>Token ids, at least one and fewer than the context length.</summary>
    public required ReadOnlyMemory<int> Prompt { get; init; }

    /// <summary>How tokens are drawn, how many, and the texts that end an answer.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Answers to the same prompt, in [1, 128]. Each has a seed of its own, drawn from the request's; the first has the request's.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Whether each token comes with the logarithm of its probability, in nats, by the model's own distribution: before temperature, penalties, biases, filters and constraint.</summary>
    public bool LogProbabilities { get; init; }

    /// <summary>The likeliest tokens to be told at each place, in [0, 20]; above 0 needs <see cref="LogProbabilities"/>.</summary>
    public int Alternatives { get; init; }

    /// <summary>Ids that end the answer, beside the engine's own; they are not part of it.</summary>
    public IReadOnlyList<int> StopIds { get; init; } = [];

    /// <summary>Goes on behind a token that ends texts, as if it were any other: for measuring.</summary>
    public bool IgnoresEndOfText { get; init; }

    /// <summary>Requests of one key share its turns, and each key has as many turns as any other. Default: one key for all.</summary>
    public string FairnessKey { get; init; } = "";

    /// <summary>What the answer must be; it is used as it is for the first choice and forked for the others. Null for no constraint.</summary>
    public ITokenConstraint? Constraint { get; init; }

    /// <summary>How long the model may think before it answers; null for as long as it likes, uncounted.</summary>
    public ThinkingOptions? Thinking { get; init; }

    /// <summary>Throws one sentence that names the first setting out of its range.</summary>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    public void Validate()
    {
        Sampling.Validate();
        Thinking?.Validate();
        if (Prompt.IsEmpty)
        {
            throw new ArgumentException("The prompt has no tokens; give at least one.");
        }
        if (Choices is < 1 or > MostChoices)
        {
            throw new ArgumentException(FormattableString.Invariant($"A request has 1 to {MostChoices} choices; {Choices} were asked for."));
        }
        if (Alternatives is < 0 or > MostAlternatives || (Alternatives > 0 && !LogProbabilities))
        {
            throw new ArgumentException(FormattableString.Invariant($"Alternatives must be in [0, {MostAlternatives}], and need log-probabilities; {Alternatives} were asked for{(LogProbabilities ? "" : " without log-probabilities")}."));
        }
    }
}
