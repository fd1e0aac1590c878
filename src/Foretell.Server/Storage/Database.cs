using System.Data.Common;

namespace Foretell.Server.Storage;

/// <summary>
/// Everything that the server acknowledged: an embedded SQLite database, or a PostgreSQL server. What a method wrote is on
/// the disk when it returns; what it did not finish has not happened. Safe to use from many threads.
/// </summary>
public sealed class Database : IAsyncDisposable
{
    private readonly Dialect _dialect;
    private readonly SemaphoreSlim _opening = new(1);
    private readonly SemaphoreSlim _connections;
    private readonly SemaphoreSlim? _writer;

    private bool _isOpen;

    /// <summary>A database that is yet to be opened: see <see cref="OpenAsync(CancellationToken)"/>.</summary>
    /// <exception cref="DatabaseException">The connection string is not one.</exception>
    public Database(DatabaseOptions options, TimeProvider clock)
    {
        _dialect = options.ConnectionString is string connection ? new PostgresDialect(connection, options) : new SqliteDialect(options);
        _connections = new SemaphoreSlim(options.MaximumConnections);
        _writer = _dialect.Writers == 1 ? new SemaphoreSlim(1) : null;
        Clock = clock;
        Identifiers = new IdentifierSource(clock);
        Files = new FileStore(this);
        Completions = new CompletionStore(this);
        Responses = new ResponseStore(this);
        FineTuning = new FineTuningStore(this);
        Keys = new KeyStore(this);
        Usage = new UsageStore(this);
        Audit = new AuditStore(this);
        Labels = new LabelStore(this);
    }

    /// <summary>"SQLite" or "PostgreSQL".</summary>
    public string Name => _dialect.Name;

    public TimeProvider Clock { get; }

    /// <summary>Makes the identifiers of stored things; lists are in their order.</summary>
    public IdentifierSource Identifiers { get; }

    public IFileStore Files { get; }

    public ICompletionStore Completions { get; }

    public IResponseStore Responses { get; }

    public IFineTuningStore FineTuning { get; }

    public IKeyStore Keys { get; }

    public IUsageStore Usage { get; }

    public IAuditStore Audit { get; }

    public ILabelStore Labels { get; }

    /// <summary>A database, opened.</summary>
    /// <inheritdoc cref="OpenAsync(CancellationToken)"/>
    public static async Task<Database> OpenAsync(DatabaseOptions options, TimeProvider clock, CancellationToken cancellation = default)
    {
        var database = new Database(options, clock);
        try
        {
            await database.OpenAsync(cancellation).ConfigureAwait(false);
            return database;
        }
        catch
        {
            await database.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Reaches the database and brings its tables to this program's version; does nothing when that is done.</summary>
    /// <exception cref="DatabaseException">It can't be reached, is damaged, or was written by a newer program.</exception>
    public async Task OpenAsync(CancellationToken cancellation = default)
    {
        await _opening.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (!_isOpen)
            {
                await _dialect.PrepareAsync(cancellation).ConfigureAwait(false);
                await WriteAsync(session => Migrations.ApplyAsync(session, _dialect), cancellation).ConfigureAwait(false);
                _isOpen = true;
            }
        }
        catch (DbException wrong)
        {
            throw _dialect.Explain(wrong);
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>What tells this database from any other; a copy has the same.</summary>
    public Task<string> IdentityAsync(CancellationToken cancellation) => ReadAsync(
        async session => (await session.QueryAsync(row => row.Text(0), "SELECT value FROM settings WHERE name = 'identity'").ConfigureAwait(false))[0], cancellation);

    /// <summary>Runs statements that only read.</summary>
    internal async Task<T> ReadAsync<T>(Func<Session, Task<T>> read, CancellationToken cancellation)
    {
        await _connections.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await using DbConnection connection = await _dialect.OpenAsync(cancellation).ConfigureAwait(false);
            return await read(new Session(connection, null, cancellation)).ConfigureAwait(false);
        }
        finally
        {
            _connections.Release();
        }
    }

    /// <summary>Runs statements as one transaction, which is on the disk when this returns, or has not happened when it throws before the commit.</summary>
    internal async Task<T> WriteAsync<T>(Func<Session, Task<T>> write, CancellationToken cancellation)
    {
        if (_writer is not null)
        {
            await _writer.WaitAsync(cancellation).ConfigureAwait(false);
        }
        try
        {
            await _connections.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                await using DbConnection connection = await _dialect.OpenAsync(cancellation).ConfigureAwait(false);
                await using DbTransaction transaction = await _dialect.BeginAsync(connection, cancellation).ConfigureAwait(false);
                T result = await write(new Session(connection, transaction, cancellation)).ConfigureAwait(false);
                // Not cancelled half-way: nobody could tell whether it has happened.
                await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
                return result;
            }
            finally
            {
                _connections.Release();
            }
        }
        finally
        {
            _writer?.Release();
        }
    }

    internal Task WriteAsync(Func<Session, Task> write, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await write(session).ConfigureAwait(false);
            return true;
        }, cancellation);

    public async ValueTask DisposeAsync()
    {
        await _dialect.DisposeAsync().ConfigureAwait(false);
        _opening.Dispose();
        _connections.Dispose();
        _writer?.Dispose();
    }
}
