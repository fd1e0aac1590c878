using System.Globalization;

namespace Foretell.Server.Storage;

/// <summary>The tables, version by version. What has been released is never edited: a change is a new version at the end.</summary>
internal static class Migrations
{
    /// <summary>Each version's statements; <c>{id}</c> stands for the type of identifiers.</summary>
    private static readonly string[][] s_versions =
    [
        [
            """
            CREATE TABLE files (
                id {id} PRIMARY KEY, filename TEXT NOT NULL, purpose TEXT NOT NULL, bytes BIGINT NOT NULL,
                created BIGINT NOT NULL, expires BIGINT)
            """,
            """
            CREATE TABLE metadata (
                owner {id} NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (owner, name))
            """,
            """
            CREATE TABLE completions (
                id {id} PRIMARY KEY, created BIGINT NOT NULL, model TEXT NOT NULL, completion TEXT NOT NULL, messages TEXT NOT NULL)
            """,
            """
            CREATE TABLE responses (
                id {id} PRIMARY KEY, created BIGINT NOT NULL, model TEXT NOT NULL, status TEXT NOT NULL,
                previous {id}, response TEXT NOT NULL, input TEXT NOT NULL)
            """,
            """
            CREATE TABLE jobs (
                id {id} PRIMARY KEY, created BIGINT NOT NULL, status TEXT NOT NULL, model TEXT NOT NULL, method TEXT NOT NULL,
                settings TEXT NOT NULL, training_file {id} NOT NULL, validation_file {id}, suffix TEXT, seed BIGINT NOT NULL,
                started BIGINT, finished BIGINT, estimated_finish BIGINT, fine_tuned_model TEXT, trained_tokens BIGINT,
                result_files TEXT NOT NULL, error_code TEXT, error_message TEXT, error_param TEXT)
            """,
            "CREATE INDEX jobs_by_status ON jobs (status, id)",
            """
            CREATE TABLE job_events (
                id {id} PRIMARY KEY, job {id} NOT NULL REFERENCES jobs (id), created BIGINT NOT NULL, level TEXT NOT NULL,
                type TEXT NOT NULL, message TEXT NOT NULL, data TEXT)
            """,
            "CREATE INDEX job_events_by_job ON job_events (job, id)",
            """
            CREATE TABLE job_checkpoints (
                id {id} PRIMARY KEY, job {id} NOT NULL REFERENCES jobs (id), created BIGINT NOT NULL, step BIGINT NOT NULL,
                model TEXT NOT NULL, metrics TEXT NOT NULL, UNIQUE (job, step))
            """,
            """
            CREATE TABLE fine_tuned_models (
                id TEXT PRIMARY KEY, job {id} NOT NULL REFERENCES jobs (id), base TEXT NOT NULL, created BIGINT NOT NULL, path TEXT NOT NULL)
            """,
            """
            CREATE TABLE keys (
                id {id} PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, prefix TEXT NOT NULL, scopes TEXT NOT NULL,
                created BIGINT NOT NULL, expires BIGINT, revoked BIGINT, limits TEXT NOT NULL)
            """,
            """
            CREATE TABLE usage_records (
                id {id} PRIMARY KEY, time BIGINT NOT NULL, key_id TEXT, model TEXT NOT NULL, endpoint TEXT NOT NULL,
                prompt_tokens BIGINT NOT NULL, completion_tokens BIGINT NOT NULL, milliseconds BIGINT NOT NULL, status BIGINT NOT NULL)
            """,
            "CREATE INDEX usage_by_time ON usage_records (time)",
            """
            CREATE TABLE audit_entries (
                id {id} PRIMARY KEY, time BIGINT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL)
            """,
            """
            CREATE TABLE labels (
                id {id} PRIMARY KEY, time BIGINT NOT NULL, key_id TEXT, model_a TEXT NOT NULL, model_b TEXT NOT NULL,
                prompt TEXT NOT NULL, answer_a TEXT NOT NULL, answer_b TEXT NOT NULL, choice TEXT NOT NULL)
            """,
        ],
        [
            "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
        ],
    ];

    /// <summary>The version of the tables that this program reads and writes.</summary>
    public static int Current => s_versions.Length;

    /// <exception cref="DatabaseException">A newer program has written the database.</exception>
    public static async Task ApplyAsync(Session session, Dialect dialect)
    {
        if (dialect.MigrationLock is string migrationLock)
        {
            await session.ExecuteAsync(migrationLock).ConfigureAwait(false);
        }
        await session.ExecuteAsync("CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY)").ConfigureAwait(false);
        long version = await session.CountAsync("SELECT MAX(version) FROM schema_versions").ConfigureAwait(false);
        if (version > Current)
        {
            throw new DatabaseException(string.Create(CultureInfo.InvariantCulture, $"The {dialect.Name} database has tables of version {version} and this program reads up to {Current}; use the newer program or restore a backup made before it."));
        }
        for (; version < Current; version++)
        {
            foreach (string statement in s_versions[version])
            {
                await session.ExecuteAsync(statement.Replace("{id}", dialect.IdentifierType, StringComparison.Ordinal)).ConfigureAwait(false);
            }
            await session.ExecuteAsync("INSERT INTO schema_versions (version) VALUES (@version)", ("version", version + 1)).ConfigureAwait(false);
        }
        await session.ExecuteAsync("INSERT INTO settings (name, value) VALUES ('identity', @identity) ON CONFLICT (name) DO NOTHING", ("identity", Guid.NewGuid().ToString("N"))).ConfigureAwait(false);
    }
}
