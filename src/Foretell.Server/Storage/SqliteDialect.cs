using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Foretell.Server.Storage;

/// <summary>
/// The embedded database. A commit is on the disk before it returns: the write-ahead log with full synchronization
/// (<see href="https://www.sqlite.org/pragma.html#pragma_synchronous"/>); readers never wait for the writer.
/// </summary>
internal sealed class SqliteDialect : Dialect
{
    // https://www.sqlite.org/rescode.html
    private const int Corrupt = 11;
    private const int NotADatabase = 26;

    private readonly string _folder;
    private readonly string _connectionString;
    private readonly string _pragmas;

    public SqliteDialect(DatabaseOptions options)
    {
        SQLitePCL.Batteries_V2.Init();
        _folder = Path.GetFullPath(options.Folder);
        string path = Path.Combine(_folder, "foretell.db");
        _connectionString = new SqliteConnectionStringBuilder { DataSource = path, ForeignKeys = true, Pooling = true, DefaultTimeout = Math.Max(1, (int)options.LockTimeout.TotalSeconds) }.ToString();
        _pragmas = string.Create(CultureInfo.InvariantCulture, $"PRAGMA busy_timeout = {(long)options.LockTimeout.TotalMilliseconds}; PRAGMA synchronous = FULL;");
    }

    public override string Name => "SQLite";

    public override int Writers => 1;

    public override string IdentifierType => "TEXT";

    public override string? MigrationLock => null;

    public override async Task PrepareAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(_folder);
        await using DbConnection connection = await OpenAsync(cancellation).ConfigureAwait(false);
        await ExecuteAsync(connection, "PRAGMA journal_mode = WAL;", cancellation).ConfigureAwait(false);
    }

    public override async ValueTask<DbConnection> OpenAsync(CancellationToken cancellation)
    {
        var connection = new SqliteConnection(_connectionString);
        try
        {
            await connection.OpenAsync(cancellation).ConfigureAwait(false);
            await ExecuteAsync(connection, _pragmas, cancellation).ConfigureAwait(false);
            return connection;
        }
        catch (SqliteException wrong)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw Explain(wrong);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public override ValueTask<DbTransaction> BeginAsync(DbConnection connection, CancellationToken cancellation) =>
        // Immediate: a transaction that reads first and writes later could otherwise fail instead of waiting.
        ValueTask.FromResult<DbTransaction>(((SqliteConnection)connection).BeginTransaction(deferred: false));

    public override DatabaseException Explain(DbException wrong) => new(
        wrong is SqliteException { SqliteErrorCode: Corrupt or NotADatabase }
            ? "foretell.db in the data folder is damaged or no SQLite database; restore it from a backup, or move it away to begin anew."
            : $"foretell.db in the data folder can't be opened and brought to this program's version ({wrong.Message.TrimEnd('.')}).",
        wrong);

    public override ValueTask DisposeAsync()
    {
        using var connection = new SqliteConnection(_connectionString);
        SqliteConnection.ClearPool(connection);
        return ValueTask.CompletedTask;
    }

    private static async Task ExecuteAsync(DbConnection connection, string sql, CancellationToken cancellation)
    {
        await using DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }
}
