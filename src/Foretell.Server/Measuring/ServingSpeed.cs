namespace Foretell.Server.Measuring;

/// <summary>How a server is measured.</summary>
public sealed record ServingBenchmarkOptions
{
    /// <summary>Numbers of clients at once, each at least 1.</summary>
    public IReadOnlyList<int> Clients { get; init; } = [1, 4, 16, 64];

    /// <summary>Tokens that each request writes; at least 2.</summary>
    public int Tokens { get; init; } = 64;

    /// <summary>Requests that each client makes in a round, one after the other; at least 1.</summary>
    public int Requests { get; init; } = 2;

    /// <summary>Rounds, of which the median counts; at least 1.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>How long the idle server is watched. Default 3 s.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(3);

    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public void Validate()
    {
        if (Clients.Count == 0 || Clients.Any(clients => clients is < 1 or > 1024) || Tokens < 2 || Requests < 1 || Rounds < 1)
        {
            throw new ArgumentException("A server is measured with 1 to 1024 clients, 2 tokens or more, and at least one request and one round.");
        }
    }
}

/// <summary>One number of clients.</summary>
/// <param name="Clients">At once.</param>
/// <param name="Http">Tokens a second over HTTP, the median of the rounds.</param>
/// <param name="Engine">Tokens a second of the bare engine under the same load.</param>
/// <param name="Ratio">The median of the rounds' ratios of the two.</param>
/// <param name="FirstToken">From sending a request to its first token over HTTP, the median.</param>
/// <param name="FirstTokenSlow">The same for 95 of 100.</param>
/// <param name="EngineFirstToken">The bare engine's, the median.</param>
/// <param name="PerToken">Time for each token after the first over HTTP, the median.</param>
public sealed record ServingLoad(int Clients, double Http, double Engine, double Ratio, TimeSpan FirstToken, TimeSpan FirstTokenSlow, TimeSpan EngineFirstToken, TimeSpan PerToken);

/// <summary>How fast a server is.</summary>
/// <param name="Loads">By numbers of clients.</param>
/// <param name="WarmPrefixTokens">Tokens of a prompt that was asked before.</param>
/// <param name="WarmFirstToken">From sending it again to its first token, the median.</param>
/// <param name="IdleCpu">Share of one core that the whole process uses while nobody asks.</param>
public sealed record ServingSpeed(IReadOnlyList<ServingLoad> Loads, int WarmPrefixTokens, TimeSpan WarmFirstToken, double IdleCpu);
