using System.Data.Common;

namespace Foretell.Server.Storage;

/// <summary>What differs between the two databases; all else is one SQL that both understand.</summary>
internal abstract class Dialect : IAsyncDisposable
{
    /// <summary>Which database, for people.</summary>
    public abstract string Name { get; }

    /// <summary>How many may write at once; a database with one writer is spared the others' retries.</summary>
    public abstract int Writers { get; }

    /// <summary>A column of text that is compared byte by byte, so that identifiers sort by their time.</summary>
    public abstract string IdentifierType { get; }

    /// <summary>Run first in the migrating transaction: two programs that start at once must not both migrate.</summary>
    public abstract string? MigrationLock { get; }

    /// <summary>Run once, outside any transaction.</summary>
    public virtual Task PrepareAsync(CancellationToken cancellation) => Task.CompletedTask;

    public abstract ValueTask<DbConnection> OpenAsync(CancellationToken cancellation);

    /// <summary>Begins a transaction that may write.</summary>
    public abstract ValueTask<DbTransaction> BeginAsync(DbConnection connection, CancellationToken cancellation);

    /// <summary>What went wrong while opening, as one sentence.</summary>
    public abstract DatabaseException Explain(DbException wrong);

    public abstract ValueTask DisposeAsync();
}
