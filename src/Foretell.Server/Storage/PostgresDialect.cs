using System.Data;
using System.Data.Common;
using Npgsql;

namespace Foretell.Server.Storage;

/// <summary>A PostgreSQL server, for what must outlive this machine.</summary>
internal sealed class PostgresDialect : Dialect
{
    private readonly NpgsqlDataSource _source;
    private readonly string _place;

    /// <exception cref="DatabaseException">The connection string is not one.</exception>
    public PostgresDialect(string connectionString, DatabaseOptions options)
    {
        NpgsqlConnectionStringBuilder builder;
        try
        {
            builder = Parse(connectionString);
        }
        catch (Exception wrong) when (wrong is ArgumentException or FormatException)
        {
            throw new DatabaseException("The database's connection string is not one that PostgreSQL's driver reads; write it as \"Host=...;Username=...;Password=...;Database=...\" or \"postgres://user:password@host:port/database\".", wrong);
        }
        builder.MaxPoolSize = options.MaximumConnections;
        builder.MinPoolSize = 0;
        builder.ApplicationName ??= "foretell";
        builder.Options = $"{builder.Options} -c lock_timeout={(long)options.LockTimeout.TotalMilliseconds}".TrimStart();
        _place = $"{builder.Host}:{builder.Port}";
        _source = NpgsqlDataSource.Create(builder);
    }

    public override string Name => "PostgreSQL";

    public override int Writers => int.MaxValue;

    public override string IdentifierType => "TEXT COLLATE \"C\"";

    public override string MigrationLock => "SELECT pg_advisory_xact_lock(7310868735422427252)";

    public override async ValueTask<DbConnection> OpenAsync(CancellationToken cancellation)
    {
        try
        {
            return await _source.OpenConnectionAsync(cancellation).ConfigureAwait(false);
        }
        catch (NpgsqlException wrong)
        {
            throw new DatabaseException($"The PostgreSQL server at {_place} gives no connection ({wrong.Message.TrimEnd('.')}); check that it runs and that user, password and database are right.", wrong);
        }
    }

    public override async ValueTask<DbTransaction> BeginAsync(DbConnection connection, CancellationToken cancellation) =>
        await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation).ConfigureAwait(false);

    public override DatabaseException Explain(DbException wrong) =>
        new($"The PostgreSQL database at {_place} can't be brought to this program's version ({wrong.Message.TrimEnd('.')}); restore a backup or give another database.", wrong);

    public override ValueTask DisposeAsync() => _source.DisposeAsync();

    private static NpgsqlConnectionStringBuilder Parse(string text)
    {
        if (!text.StartsWith("postgres://", StringComparison.Ordinal) && !text.StartsWith("postgresql://", StringComparison.Ordinal))
        {
            return new NpgsqlConnectionStringBuilder(text);
        }
        var address = new Uri(text);
        string[] user = address.UserInfo.Split(':', 2);
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = address.Host,
            Port = address.Port > 0 ? address.Port : 5432,
            Database = Uri.UnescapeDataString(address.AbsolutePath.TrimStart('/')),
        };
        if (user[0].Length > 0)
        {
            builder.Username = Uri.UnescapeDataString(user[0]);
        }
        if (user.Length > 1)
        {
            builder.Password = Uri.UnescapeDataString(user[1]);
        }
        foreach (string option in address.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] pair = option.Split('=', 2);
            // libpq's names differ from the driver's by underscores or not at all: sslmode, sslrootcert, application_name.
            builder[pair[0] switch { "sslmode" => "SSL Mode", "sslrootcert" => "Root Certificate", "application_name" => "Application Name", string other => other }] =
                Uri.UnescapeDataString(pair.Length > 1 ? pair[1] : "");
        }
        return builder;
    }
}
