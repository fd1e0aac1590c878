namespace Foretell.Server.Measuring;

/// <summary>How long a server is soaked, and by whom.</summary>
public sealed record SoakOptions
{
    /// <summary>How long. Default one minute.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Clients that behave, each asking again and again; at least 1.</summary>
    public int GoodClients { get; init; } = 6;

    /// <summary>Clients of each bad kind; 0 for none.</summary>
    public int BadClients { get; init; } = 3;

    /// <summary>Connections that are opened together, say nothing, and go; 0 for none.</summary>
    public int SilentConnections { get; init; } = 300;
}

/// <summary>What a soak found.</summary>
/// <param name="Good">Good requests that were answered rightly.</param>
/// <param name="Busy">Good requests that were told to come again, and did.</param>
/// <param name="Failures">What went wrong with good requests, the first few.</param>
/// <param name="Failed">How many there were.</param>
/// <param name="Bad">What bad clients did, how often by kind.</param>
/// <param name="WarmBytes">Memory of the process after a third of the time.</param>
/// <param name="EndBytes">Memory at the end.</param>
/// <param name="WarmManagedBytes">Of it, objects that are in use, after a third of the time.</param>
/// <param name="EndManagedBytes">The same at the end.</param>
/// <param name="Leaks">What was not given back at the end, in sentences.</param>
public sealed record SoakReport(
    long Good, long Busy, long Failed, IReadOnlyList<string> Failures, IReadOnlyDictionary<string, long> Bad,
    long WarmBytes, long EndBytes, long WarmManagedBytes, long EndManagedBytes, IReadOnlyList<string> Leaks)
{
    /// <summary>Whether memory stayed: objects in use grew by less than a quarter and 16 MiB, the process by less than a quarter and 64 MiB.</summary>
    public bool IsFlat => EndManagedBytes < WarmManagedBytes * 5 / 4 + (16L << 20) && EndBytes < WarmBytes * 5 / 4 + (64L << 20);

    /// <summary>Whether all is well.</summary>
    public bool Passed => Failed == 0 && Leaks.Count == 0 && IsFlat && Good > 0;
}
