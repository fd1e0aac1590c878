using System.Data.Common;

namespace Foretell.Server.Storage;

internal sealed class CompletionStore(Database database) : ICompletionStore
{
    private const string Select = "SELECT id, created, model, completion, messages FROM completions";

    public Task AddAsync(StoredCompletion completion, CancellationToken cancellation) => database.WriteAsync(
        async session =>
        {
            await session.ExecuteAsync(
                "INSERT INTO completions (id, created, model, completion, messages) VALUES (@id, @created, @model, @completion, @messages)",
                ("id", completion.Id), ("created", completion.Created), ("model", completion.Model), ("completion", completion.Completion), ("messages", completion.Messages)).ConfigureAwait(false);
            await MetadataRows.ReplaceAsync(session, completion.Id, completion.Metadata).ConfigureAwait(false);
        }, cancellation);

    public Task<StoredCompletion?> FindAsync(string id, CancellationToken cancellation) => database.ReadAsync(session => FindAsync(session, id), cancellation);

    public Task<Page<StoredCompletion>> ListAsync(string? model, IReadOnlyDictionary<string, string>? metadata, PageRequest page, CancellationToken cancellation) => database.ReadAsync(
        async session =>
        {
            (List<string> conditions, List<(string, object?)> parameters) = MetadataRows.Filter("completions.id", metadata);
            if (model is not null)
            {
                conditions.Add("model = @model");
                parameters.Add(("model", model));
            }
            Page<StoredCompletion> found = await session.PageAsync(Read, Select, page, conditions, [.. parameters]).ConfigureAwait(false);
            return found with { Items = await WithMetadataAsync(session, found.Items).ConfigureAwait(false) };
        }, cancellation);

    public Task<StoredCompletion?> UpdateMetadataAsync(string id, IReadOnlyDictionary<string, string> metadata, CancellationToken cancellation) => database.WriteAsync(
        async session =>
        {
            if (await FindAsync(session, id).ConfigureAwait(false) is not StoredCompletion completion)
            {
                return null;
            }
            await MetadataRows.ReplaceAsync(session, id, metadata).ConfigureAwait(false);
            return completion with { Metadata = metadata };
        }, cancellation);

    public Task<bool> DeleteAsync(string id, CancellationToken cancellation) => database.WriteAsync(
        async session =>
        {
            await MetadataRows.DeleteAsync(session, id).ConfigureAwait(false);
            return await session.ExecuteAsync("DELETE FROM completions WHERE id = @id", ("id", id)).ConfigureAwait(false) > 0;
        }, cancellation);

    private static async Task<StoredCompletion?> FindAsync(Session session, string id)
    {
        StoredCompletion? found = await session.FindAsync(Read, $"{Select} WHERE id = @id", ("id", id)).ConfigureAwait(false);
        return found is null ? null : (await WithMetadataAsync(session, [found]).ConfigureAwait(false))[0];
    }

    private static async Task<IReadOnlyList<StoredCompletion>> WithMetadataAsync(Session session, IReadOnlyList<StoredCompletion> completions)
    {
        var metadata = await MetadataRows.LoadAsync(session, [.. completions.Select(completion => completion.Id)]).ConfigureAwait(false);
        return [.. completions.Select(completion => metadata.TryGetValue(completion.Id, out var pairs) ? completion with { Metadata = pairs } : completion)];
    }

    private static StoredCompletion Read(DbDataReader row) => new()
    {
        Id = row.Text(0),
        Created = row.Time(1),
        Model = row.Text(2),
        Completion = row.Text(3),
        Messages = row.Text(4),
    };
}
