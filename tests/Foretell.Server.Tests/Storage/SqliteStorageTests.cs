using Foretell.Server.Storage;
using Microsoft.Data.Sqlite;

namespace Foretell.Server.Tests.Storage;

public sealed class SqliteStorageTests : StorageContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    protected override Task<DatabaseOptions> OptionsAsync() => Task.FromResult(new DatabaseOptions { Folder = _folder.Path });

    [Fact]
    public async Task OpenAsync_OfAFileThatIsNoDatabase_SaysWhatToDo()
    {
        await File.WriteAllTextAsync(_folder.File("foretell.db"), new string('x', 4096));
        DatabaseException wrong = await Assert.ThrowsAsync<DatabaseException>(() => Database.OpenAsync(new DatabaseOptions { Folder = _folder.Path }, TimeProvider.System));
        Assert.Contains("foretell.db", wrong.Message);
        Assert.DoesNotContain(_folder.Path, wrong.Message);
    }

    [Fact]
    public async Task OpenAsync_ByDefault_CommitsToTheDiskBeforeItReturns()
    {
        await using Database database = await OpenAsync();
        (long synchronous, string journal) = await database.ReadAsync(
            async session => (await session.CountAsync("PRAGMA synchronous"), (await session.QueryAsync(row => row.GetString(0), "PRAGMA journal_mode"))[0]), default);
        Assert.Equal(2, synchronous);
        Assert.Equal("wal", journal);
    }

    [Fact]
    public async Task WriteAsync_WhileAnotherProgramHoldsTheLock_WaitsForIt()
    {
        await using Database database = await OpenAsync();
        await using var other = new SqliteConnection($"Data Source={_folder.File("foretell.db")};Pooling=False");
        await other.OpenAsync();
        SqliteTransaction held = other.BeginTransaction(deferred: false);
        Task write = Task.Run(() => database.Audit.AddAsync(new AuditEntry("audit_1", DateTimeOffset.UnixEpoch, "cli", "key.created", "key_1", "{}"), default));
        Assert.NotSame(write, await Task.WhenAny(write, Task.Delay(200)));
        await held.CommitAsync();
        await write;
        Assert.Single((await database.Audit.ListAsync(new PageRequest(10), default)).Items);
    }

    public void Dispose() => _folder.Dispose();
}
