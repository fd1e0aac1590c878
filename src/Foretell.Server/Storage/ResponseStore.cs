using System.Data.Common;

namespace Foretell.Server.Storage;

internal sealed class ResponseStore(Database database) : IResponseStore
{
    private const string Select = "SELECT id, created, model, status, previous, response, input FROM responses";

    public Task SaveAsync(StoredResponse response, CancellationToken cancellation) => database.WriteAsync(
        session => session.ExecuteAsync(
            """
            INSERT INTO responses (id, created, model, status, previous, response, input) VALUES (@id, @created, @model, @status, @previous, @response, @input)
            ON CONFLICT (id) DO UPDATE SET status = excluded.status, response = excluded.response, input = excluded.input
            """,
            ("id", response.Id), ("created", response.Created), ("model", response.Model), ("status", response.Status),
            ("previous", response.Previous), ("response", response.Response), ("input", response.Input)),
        cancellation);

    public Task<StoredResponse?> FindAsync(string id, CancellationToken cancellation) => database.ReadAsync(session => FindAsync(session, id), cancellation);

    public Task<IReadOnlyList<StoredResponse>> ChainAsync(string id, CancellationToken cancellation) => database.ReadAsync<IReadOnlyList<StoredResponse>>(
        async session =>
        {
            var chain = new List<StoredResponse>();
            for (string? next = id; next is not null && await FindAsync(session, next).ConfigureAwait(false) is StoredResponse found; next = found.Previous)
            {
                chain.Add(found);
            }
            chain.Reverse();
            return chain;
        }, cancellation);

    public Task<bool> DeleteAsync(string id, CancellationToken cancellation) => database.WriteAsync(
        async session => await session.ExecuteAsync("DELETE FROM responses WHERE id = @id", ("id", id)).ConfigureAwait(false) > 0, cancellation);

    private static Task<StoredResponse?> FindAsync(Session session, string id) => session.FindAsync(Read, $"{Select} WHERE id = @id", ("id", id));

    private static StoredResponse Read(DbDataReader row) => new()
    {
        Id = row.Text(0),
        Created = row.Time(1),
        Model = row.Text(2),
        Status = row.Text(3),
        Previous = row.OptionalText(4),
        Response = row.Text(5),
        Input = row.Text(6),
    };
}
