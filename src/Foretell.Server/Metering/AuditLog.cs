using System.Text.Json.Nodes;
using Foretell.Server.Storage;

namespace Foretell.Server.Metering;

/// <summary>Who did what to what: keys, models, files, jobs.</summary>
public sealed class AuditLog(IAuditStore store, IdentifierSource identifiers, TimeProvider time)
{
    /// <summary>Writes one entry; it is on the disk when the task ends.</summary>
    /// <param name="actor">A key's id; <c>cli</c>; <c>anonymous</c> where no key is asked for.</param>
    /// <param name="action">Such as <c>key.created</c>.</param>
    /// <param name="subject">The id of what it was done to; empty where there is none.</param>
    /// <param name="detail">More of it; null for nothing.</param>
    public Task WriteAsync(string actor, string action, string subject, JsonObject? detail, CancellationToken cancellation) =>
        store.AddAsync(new AuditEntry(identifiers.Next("audit_"), time.GetUtcNow(), actor, action, subject, detail?.ToJsonString() ?? "{}"), cancellation);
}
