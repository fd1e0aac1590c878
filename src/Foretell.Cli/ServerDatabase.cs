using System.CommandLine;
using Foretell.Server.Metering;
using Foretell.Server.Storage;
using Foretell.Server.Trust;

namespace Foretell.Cli;

/// <summary>A server's records, for the commands that look at them or change them beside the server.</summary>
internal sealed class ServerDatabase
{
    private readonly Option<string> _data = new("--data") { Description = "The server's data folder.", DefaultValueFactory = _ => "foretell-data" };
    private readonly Option<string?> _database = new("--database") { Description = "The PostgreSQL server that keeps the records, where it is not the data folder: postgres://user:password@host:port/database." };

    public void AddTo(Command command)
    {
        command.Options.Add(_data);
        command.Options.Add(_database);
    }

    /// <summary>Opens the records, and makes them where there are none.</summary>
    /// <exception cref="DatabaseException">They can't be opened.</exception>
    public async Task<Database> OpenAsync(ParseResult result, CancellationToken cancellation)
    {
        var database = new Database(new DatabaseOptions { Folder = result.GetValue(_data)!, ConnectionString = result.GetValue(_database) }, TimeProvider.System);
        try
        {
            await database.OpenAsync(cancellation);
            return database;
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    public KeyManager Keys(ParseResult result, Database database) =>
        new(database.Keys, new AuditLog(database.Audit, database.Identifiers, TimeProvider.System), database.Identifiers, KeyHasher.Open(result.GetValue(_data)!), TimeProvider.System);
}
