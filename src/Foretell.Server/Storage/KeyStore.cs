using System.Data.Common;

namespace Foretell.Server.Storage;

internal sealed class KeyStore(Database database) : IKeyStore
{
    private const string Select = "SELECT id, name, hash, prefix, scopes, created, expires, revoked, limits FROM keys";

    public Task AddAsync(StoredKey key, CancellationToken cancellation) => database.WriteAsync(
        session => session.ExecuteAsync(
            """
            INSERT INTO keys (id, name, hash, prefix, scopes, created, expires, revoked, limits)
            VALUES (@id, @name, @hash, @prefix, @scopes, @created, @expires, @revoked, @limits)
            """,
            ("id", key.Id), ("name", key.Name), ("hash", key.Hash), ("prefix", key.Prefix), ("scopes", string.Join(' ', key.Scopes)),
            ("created", key.Created), ("expires", key.Expires), ("revoked", key.Revoked), ("limits", key.Limits)),
        cancellation);

    public Task<StoredKey?> FindAsync(string id, CancellationToken cancellation) =>
        database.ReadAsync(session => session.FindAsync(Read, $"{Select} WHERE id = @id", ("id", id)), cancellation);

    public Task<StoredKey?> FindByHashAsync(string hash, CancellationToken cancellation) =>
        database.ReadAsync(session => session.FindAsync(Read, $"{Select} WHERE hash = @hash", ("hash", hash)), cancellation);

    public Task<Page<StoredKey>> ListAsync(PageRequest page, CancellationToken cancellation) =>
        database.ReadAsync(session => session.PageAsync(Read, Select, page, []), cancellation);

    public Task<bool> AnyAsync(DateTimeOffset now, CancellationToken cancellation) => database.ReadAsync(
        async session => await session.CountAsync("SELECT COUNT(*) FROM keys WHERE revoked IS NULL AND (expires IS NULL OR expires > @now)", ("now", now)).ConfigureAwait(false) > 0, cancellation);

    public Task<bool> RevokeAsync(string id, DateTimeOffset time, CancellationToken cancellation) => database.WriteAsync(
        async session => await session.ExecuteAsync("UPDATE keys SET revoked = @time WHERE id = @id AND revoked IS NULL", ("id", id), ("time", time)).ConfigureAwait(false) > 0, cancellation);

    private static StoredKey Read(DbDataReader row) => new(
        row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4).Split(' ', StringSplitOptions.RemoveEmptyEntries), row.Time(5), row.OptionalTime(6), row.OptionalTime(7), row.Text(8));
}
