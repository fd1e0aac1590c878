namespace Foretell.Server.Storage;

/// <summary>Where the database is and how many connections it may have.</summary>
public sealed record DatabaseOptions
{
    /// <summary>The folder of the embedded database, <c>foretell.db</c>; made when missing.</summary>
    public required string Folder { get; init; }

    /// <summary>
    /// A PostgreSQL server instead of the embedded database: <c>Host=...;Username=...;Password=...;Database=...</c> or
    /// <c>postgres://user:password@host:port/database</c>. Null (the default) for the embedded one.
    /// </summary>
    public string? ConnectionString { get; init; }

    /// <summary>Connections at once, 1 to 1000; who comes when all are taken waits. Default: 16.</summary>
    public int MaximumConnections
    {
        get;
        init => field = value is >= 1 and <= 1000
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaximumConnections), value, "A database takes 1 to 1000 connections.");
    } = 16;

    /// <summary>How long a statement waits for another's lock before it fails. Default: 15 seconds.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(15);
}
