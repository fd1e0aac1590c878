namespace Foretell.Server.Storage;

/// <summary>What one request took.</summary>
/// <param name="Id">From <see cref="Database.Identifiers"/>.</param>
/// <param name="Key">The identifier of its API key; null for none.</param>
/// <param name="Milliseconds">From the request's arrival to the answer's end.</param>
/// <param name="Status">The HTTP status of the answer.</param>
public sealed record UsageRecord(string Id, DateTimeOffset Time, string? Key, string Model, string Endpoint, long PromptTokens, long CompletionTokens, long Milliseconds, int Status);

/// <summary>What all requests of a key to a model and endpoint took.</summary>
public sealed record UsageTotal(string? Key, string Model, string Endpoint, long Requests, long PromptTokens, long CompletionTokens, long Milliseconds);

/// <summary>The meter.</summary>
public interface IUsageStore
{
    /// <summary>All of them or none.</summary>
    Task AddAsync(IReadOnlyList<UsageRecord> records, CancellationToken cancellation);

    /// <param name="from">The first moment that counts.</param>
    /// <param name="to">The first moment that no longer counts.</param>
    Task<Page<UsageRecord>> ListAsync(DateTimeOffset from, DateTimeOffset to, PageRequest page, CancellationToken cancellation);

    /// <summary>By key, model and endpoint.</summary>
    /// <inheritdoc cref="ListAsync"/>
    Task<IReadOnlyList<UsageTotal>> TotalsAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation);
}
