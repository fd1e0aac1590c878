namespace Foretell.Server.Storage;

internal sealed class AuditStore(Database database) : IAuditStore
{
    public Task AddAsync(AuditEntry entry, CancellationToken cancellation) => database.WriteAsync(
        session => session.ExecuteAsync(
            "INSERT INTO audit_entries (id, time, actor, action, subject, detail) VALUES (@id, @time, @actor, @action, @subject, @detail)",
            ("id", entry.Id), ("time", entry.Time), ("actor", entry.Actor), ("action", entry.Action), ("subject", entry.Subject), ("detail", entry.Detail)),
        cancellation);

    public Task<Page<AuditEntry>> ListAsync(PageRequest page, CancellationToken cancellation) => database.ReadAsync(
        session => session.PageAsync(
            row => new AuditEntry(row.Text(0), row.Time(1), row.Text(2), row.Text(3), row.Text(4), row.Text(5)),
            "SELECT id, time, actor, action, subject, detail FROM audit_entries", page, []),
        cancellation);
}
