using Foretell.Server.Storage;

namespace Foretell.Server.Tests.Storage;

public sealed class PostgresStorageTests(PostgresServer server) : StorageContract, IClassFixture<PostgresServer>
{
    private DatabaseOptions? _options;

    protected override async Task<DatabaseOptions> OptionsAsync() =>
        _options ??= new DatabaseOptions { Folder = "unused", ConnectionString = await server.NewDatabaseAsync(), MaximumConnections = 8 };

    [Theory]
    [InlineData("Nonsense", "connection string")]
    [InlineData("Host=127.0.0.1;Port=1;Username=someone;Password=hunter2;Timeout=2", "127.0.0.1:1")]
    [InlineData("postgres://someone:hunter2@127.0.0.1:1/x?sslmode=disable", "127.0.0.1:1")]
    public async Task OpenAsync_WithoutAServer_SaysWhereWithoutThePassword(string connection, string expected)
    {
        DatabaseException wrong = await Assert.ThrowsAsync<DatabaseException>(() => Database.OpenAsync(new DatabaseOptions { Folder = "unused", ConnectionString = connection }, TimeProvider.System));
        Assert.Contains(expected, wrong.Message);
        Assert.DoesNotContain("hunter2", wrong.ToString());
    }
}
