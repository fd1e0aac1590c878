namespace Foretell.Server.FineTuning;

/// <summary>How much of the machine training may take.</summary>
public sealed record FineTuningOptions
{
    /// <summary>Threads of a training, which also run behind all others where the system can do so; 0 (the default) for half of the cores, at least one.</summary>
    public int Threads { get; init; }

    /// <summary>Jobs that may wait or run at once, at least 1; more are refused with 429. Default 20.</summary>
    public int WaitingLimit { get; init; } = 20;

    /// <summary><see cref="Threads"/> with the default filled in.</summary>
    public int ResolvedThreads => Threads > 0 ? Threads : Math.Max(1, Environment.ProcessorCount / 2);
}
