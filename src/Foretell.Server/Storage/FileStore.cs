using System.Data.Common;

namespace Foretell.Server.Storage;

internal sealed class FileStore(Database database) : IFileStore
{
    private const string Select = "SELECT id, filename, purpose, bytes, created, expires FROM files";

    public Task AddAsync(StoredFile file, CancellationToken cancellation) => database.WriteAsync(session => InsertAsync(session, file), cancellation);

    public Task<StoredFile?> FindAsync(string id, CancellationToken cancellation) =>
        database.ReadAsync(session => session.FindAsync(Read, $"{Select} WHERE id = @id", ("id", id)), cancellation);

    public Task<Page<StoredFile>> ListAsync(string? purpose, PageRequest page, CancellationToken cancellation) => database.ReadAsync(
        session => purpose is null
            ? session.PageAsync(Read, Select, page, [])
            : session.PageAsync(Read, Select, page, ["purpose = @purpose"], ("purpose", purpose)),
        cancellation);

    public async Task<IReadOnlyList<StoredFile>> ExpiredAsync(DateTimeOffset now, CancellationToken cancellation) =>
        await database.ReadAsync(session => session.QueryAsync(Read, $"{Select} WHERE expires <= @now", ("now", now)), cancellation).ConfigureAwait(false);

    public Task<bool> DeleteAsync(string id, CancellationToken cancellation) => database.WriteAsync(
        async session => await session.ExecuteAsync("DELETE FROM files WHERE id = @id", ("id", id)).ConfigureAwait(false) > 0, cancellation);

    public static Task InsertAsync(Session session, StoredFile file) => session.ExecuteAsync(
        "INSERT INTO files (id, filename, purpose, bytes, created, expires) VALUES (@id, @filename, @purpose, @bytes, @created, @expires)",
        ("id", file.Id), ("filename", file.Filename), ("purpose", file.Purpose), ("bytes", file.Bytes), ("created", file.Created), ("expires", file.Expires));

    private static StoredFile Read(DbDataReader row) => new(row.Text(0), row.Text(1), row.Text(2), row.Number(3), row.Time(4), row.OptionalTime(5));
}
