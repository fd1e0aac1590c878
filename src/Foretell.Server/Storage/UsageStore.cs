namespace Foretell.Server.Storage;

internal sealed class UsageStore(Database database) : IUsageStore
{
    public Task AddAsync(IReadOnlyList<UsageRecord> records, CancellationToken cancellation) => database.WriteAsync(
        async session =>
        {
            foreach (UsageRecord record in records)
            {
                await session.ExecuteAsync(
                    """
                    INSERT INTO usage_records (id, time, key_id, model, endpoint, prompt_tokens, completion_tokens, milliseconds, status)
                    VALUES (@id, @time, @key, @model, @endpoint, @prompt, @completion, @milliseconds, @status)
                    """,
                    ("id", record.Id), ("time", record.Time), ("key", record.Key), ("model", record.Model), ("endpoint", record.Endpoint),
                    ("prompt", record.PromptTokens), ("completion", record.CompletionTokens), ("milliseconds", record.Milliseconds), ("status", record.Status)).ConfigureAwait(false);
            }
        }, cancellation);

    public Task<Page<UsageRecord>> ListAsync(DateTimeOffset from, DateTimeOffset to, PageRequest page, CancellationToken cancellation) => database.ReadAsync(
        session => session.PageAsync(
            row => new UsageRecord(row.Text(0), row.Time(1), row.OptionalText(2), row.Text(3), row.Text(4), row.Number(5), row.Number(6), row.Number(7), (int)row.Number(8)),
            "SELECT id, time, key_id, model, endpoint, prompt_tokens, completion_tokens, milliseconds, status FROM usage_records",
            page, ["time >= @from", "time < @to"], ("from", from), ("to", to)),
        cancellation);

    public async Task<IReadOnlyList<UsageTotal>> TotalsAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation) => await database.ReadAsync(
        session => session.QueryAsync(
            row => new UsageTotal(row.OptionalText(0), row.Text(1), row.Text(2), row.Number(3), row.Number(4), row.Number(5), row.Number(6)),
            """
            SELECT key_id, model, endpoint, COUNT(*), CAST(SUM(prompt_tokens) AS BIGINT), CAST(SUM(completion_tokens) AS BIGINT), CAST(SUM(milliseconds) AS BIGINT)
            FROM usage_records WHERE time >= @from AND time < @to GROUP BY key_id, model, endpoint ORDER BY key_id, model, endpoint
            """,
            ("from", from), ("to", to)),
        cancellation).ConfigureAwait(false);
}
