namespace Foretell.Server.Storage;

/// <summary>Who did what to what.</summary>
/// <param name="Id">From <see cref="Database.Identifiers"/>.</param>
/// <param name="Actor">A key's identifier, <c>cli</c>, <c>server</c> ...</param>
/// <param name="Action">A word such as <c>key.created</c>.</param>
/// <param name="Detail">A JSON object; <c>{}</c> for none.</param>
public sealed record AuditEntry(string Id, DateTimeOffset Time, string Actor, string Action, string Subject, string Detail);

/// <summary>The audit log: written and read, never changed.</summary>
public interface IAuditStore
{
    Task AddAsync(AuditEntry entry, CancellationToken cancellation);

    Task<Page<AuditEntry>> ListAsync(PageRequest page, CancellationToken cancellation);
}
