using System.Data.Common;

namespace Foretell.Server.Storage;

/// <summary>Statements on one connection, in its transaction where there is one. Values always travel as parameters.</summary>
internal sealed class Session(DbConnection connection, DbTransaction? transaction, CancellationToken cancellation)
{
    /// <returns>Rows changed.</returns>
    public async Task<int> ExecuteAsync(string sql, params (string Name, object? Value)[] parameters)
    {
        await using DbCommand command = Command(sql, parameters);
        return await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    public async Task<long> CountAsync(string sql, params (string Name, object? Value)[] parameters)
    {
        await using DbCommand command = Command(sql, parameters);
        object? value = await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false);
        return value is null or DBNull ? 0 : Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture);
    }

    public async Task<List<T>> QueryAsync<T>(Func<DbDataReader, T> read, string sql, params (string Name, object? Value)[] parameters)
    {
        await using DbCommand command = Command(sql, parameters);
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            rows.Add(read(reader));
        }
        return rows;
    }

    public async Task<T?> FindAsync<T>(Func<DbDataReader, T> read, string sql, params (string Name, object? Value)[] parameters)
        where T : class => (await QueryAsync(read, sql, parameters).ConfigureAwait(false)).FirstOrDefault();

    /// <summary>The rows of a page in the order of their identifiers.</summary>
    /// <param name="select">Up to and without WHERE.</param>
    /// <param name="conditions">All must hold.</param>
    public async Task<Page<T>> PageAsync<T>(Func<DbDataReader, T> read, string select, PageRequest page, IEnumerable<string> conditions, params (string Name, object? Value)[] parameters)
    {
        List<string> all = [.. conditions];
        List<(string, object?)> values = [.. parameters, ("limit", (long)page.Limit + 1)];
        if (page.After is string after)
        {
            all.Add(page.NewestFirst ? "id < @after" : "id > @after");
            values.Add(("after", after));
        }
        string where = all.Count > 0 ? " WHERE " + string.Join(" AND ", all) : "";
        List<T> rows = await QueryAsync(read, $"{select}{where} ORDER BY id {(page.NewestFirst ? "DESC" : "ASC")} LIMIT @limit", [.. values]).ConfigureAwait(false);
        bool hasMore = rows.Count > page.Limit;
        if (hasMore)
        {
            rows.RemoveAt(rows.Count - 1);
        }
        return new Page<T>(rows, hasMore);
    }

    private DbCommand Command(string sql, (string Name, object? Value)[] parameters)
    {
        DbCommand command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        foreach ((string name, object? value) in parameters)
        {
            DbParameter parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value switch
            {
                null => DBNull.Value,
                DateTimeOffset time => time.ToUnixTimeMilliseconds(),
                int number => (long)number,
                bool truth => truth ? 1L : 0L,
                _ => value,
            };
            command.Parameters.Add(parameter);
        }
        return command;
    }
}
