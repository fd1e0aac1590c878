using System.Data.Common;

namespace Foretell.Server.Storage;

internal sealed class FineTuningStore(Database database) : IFineTuningStore
{
    private const string Select =
        """
        SELECT id, created, status, model, method, settings, training_file, validation_file, suffix, seed, started, finished,
            estimated_finish, fine_tuned_model, trained_tokens, result_files, error_code, error_message, error_param FROM jobs
        """;

    private const string Waiting = "SELECT COUNT(*) FROM jobs WHERE status IN ('validating_files', 'queued', 'running')";

    /// <summary>One at a time counts and adds, or two could both find the last place free.</summary>
    private readonly SemaphoreSlim _adding = new(1);

    public async Task<bool> AddAsync(FineTuningJob job, int waitingLimit, CancellationToken cancellation)
    {
        await _adding.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await database.WriteAsync(
                async session =>
                {
                    if (await session.CountAsync(Waiting).ConfigureAwait(false) >= waitingLimit)
                    {
                        return false;
                    }
                    await session.ExecuteAsync(
                        """
                        INSERT INTO jobs (id, created, status, model, method, settings, training_file, validation_file, suffix, seed, result_files)
                        VALUES (@id, @created, @status, @model, @method, @settings, @trainingFile, @validationFile, @suffix, @seed, '')
                        """,
                        ("id", job.Id), ("created", job.Created), ("status", JobStatusText.Write(job.Status)), ("model", job.Model), ("method", job.Method), ("settings", job.Settings),
                        ("trainingFile", job.TrainingFile), ("validationFile", job.ValidationFile), ("suffix", job.Suffix), ("seed", job.Seed)).ConfigureAwait(false);
                    await MetadataRows.ReplaceAsync(session, job.Id, job.Metadata).ConfigureAwait(false);
                    return true;
                }, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _adding.Release();
        }
    }

    public Task<FineTuningJob?> FindAsync(string id, CancellationToken cancellation) => database.ReadAsync(session => FindAsync(session, id), cancellation);

    public Task<Page<FineTuningJob>> ListAsync(IReadOnlyDictionary<string, string>? metadata, PageRequest page, CancellationToken cancellation) => database.ReadAsync(
        async session =>
        {
            (List<string> conditions, List<(string, object?)> parameters) = MetadataRows.Filter("jobs.id", metadata);
            Page<FineTuningJob> found = await session.PageAsync(Read, Select, page, conditions, [.. parameters]).ConfigureAwait(false);
            return found with { Items = await WithMetadataAsync(session, found.Items).ConfigureAwait(false) };
        }, cancellation);

    public Task<FineTuningJob?> OldestAsync(JobStatus status, CancellationToken cancellation) => database.ReadAsync(
        session => session.FindAsync(Read, $"{Select} WHERE status = @status ORDER BY id LIMIT 1", ("status", JobStatusText.Write(status))), cancellation);

    public async Task<int> WaitingAsync(CancellationToken cancellation) =>
        (int)await database.ReadAsync(session => session.CountAsync(Waiting), cancellation).ConfigureAwait(false);

    public Task<FineTuningJob?> ChangeAsync(
        string id,
        IReadOnlyCollection<JobStatus> from,
        Func<FineTuningJob, FineTuningJob> change,
        JobEvent? message,
        IReadOnlyList<FineTunedModel> models,
        IReadOnlyList<StoredFile> files,
        CancellationToken cancellation) => database.WriteAsync(
            async session =>
            {
                FineTuningJob changed;
                int rows;
                do
                {
                    if (await FindAsync(session, id).ConfigureAwait(false) is not FineTuningJob job || !from.Contains(job.Status))
                    {
                        return null;
                    }
                    changed = change(job);
                    rows = await UpdateAsync(session, changed, job.Status).ConfigureAwait(false);
                }
                while (rows == 0);
                foreach (FineTunedModel model in models)
                {
                    await InsertModelAsync(session, model).ConfigureAwait(false);
                }
                foreach (StoredFile file in files)
                {
                    await FileStore.InsertAsync(session, file).ConfigureAwait(false);
                }
                if (message is not null)
                {
                    await InsertEventAsync(session, message).ConfigureAwait(false);
                }
                return changed;
            }, cancellation);

    public Task AddEventsAsync(IReadOnlyList<JobEvent> events, CancellationToken cancellation) => database.WriteAsync(
        async session =>
        {
            foreach (JobEvent message in events)
            {
                await InsertEventAsync(session, message).ConfigureAwait(false);
            }
        }, cancellation);

    public Task<Page<JobEvent>> ListEventsAsync(string job, PageRequest page, CancellationToken cancellation) => database.ReadAsync(
        session => session.PageAsync(
            row => new JobEvent(row.Text(0), row.Text(1), row.Time(2), row.Text(3), row.Text(4), row.Text(5), row.OptionalText(6)),
            "SELECT id, job, created, level, type, message, data FROM job_events", page, ["job = @job"], ("job", job)),
        cancellation);

    public Task AddCheckpointAsync(JobCheckpoint checkpoint, FineTunedModel model, CancellationToken cancellation) => database.WriteAsync(
        async session =>
        {
            int added = await session.ExecuteAsync(
                """
                INSERT INTO job_checkpoints (id, job, created, step, model, metrics) VALUES (@id, @job, @created, @step, @model, @metrics)
                ON CONFLICT (job, step) DO NOTHING
                """,
                ("id", checkpoint.Id), ("job", checkpoint.Job), ("created", checkpoint.Created), ("step", checkpoint.Step), ("model", checkpoint.Model), ("metrics", checkpoint.Metrics)).ConfigureAwait(false);
            if (added > 0)
            {
                await InsertModelAsync(session, model).ConfigureAwait(false);
            }
        }, cancellation);

    public Task<Page<JobCheckpoint>> ListCheckpointsAsync(string job, PageRequest page, CancellationToken cancellation) => database.ReadAsync(
        session => session.PageAsync(
            row => new JobCheckpoint(row.Text(0), row.Text(1), row.Time(2), row.Number(3), row.Text(4), row.Text(5)),
            "SELECT id, job, created, step, model, metrics FROM job_checkpoints", page, ["job = @job"], ("job", job)),
        cancellation);

    public async Task<IReadOnlyList<FineTunedModel>> ModelsAsync(CancellationToken cancellation) => await database.ReadAsync(
        session => session.QueryAsync(ReadModel, "SELECT id, job, base, created, path FROM fine_tuned_models ORDER BY created, id"), cancellation).ConfigureAwait(false);

    public Task<FineTunedModel?> DeleteModelAsync(string id, CancellationToken cancellation) => database.WriteAsync(
        session => session.FindAsync(ReadModel, "DELETE FROM fine_tuned_models WHERE id = @id RETURNING id, job, base, created, path", ("id", id)), cancellation);

    private static async Task<FineTuningJob?> FindAsync(Session session, string id)
    {
        FineTuningJob? found = await session.FindAsync(Read, $"{Select} WHERE id = @id", ("id", id)).ConfigureAwait(false);
        return found is null ? null : (await WithMetadataAsync(session, [found]).ConfigureAwait(false))[0];
    }

    private static async Task<IReadOnlyList<FineTuningJob>> WithMetadataAsync(Session session, IReadOnlyList<FineTuningJob> jobs)
    {
        var metadata = await MetadataRows.LoadAsync(session, [.. jobs.Select(job => job.Id)]).ConfigureAwait(false);
        return [.. jobs.Select(job => metadata.TryGetValue(job.Id, out var pairs) ? job with { Metadata = pairs } : job)];
    }

    private static Task<int> UpdateAsync(Session session, FineTuningJob job, JobStatus previous) => session.ExecuteAsync(
        """
        UPDATE jobs SET status = @status, started = @started, finished = @finished, estimated_finish = @estimatedFinish,
            fine_tuned_model = @fineTunedModel, trained_tokens = @trainedTokens, result_files = @resultFiles,
            error_code = @errorCode, error_message = @errorMessage, error_param = @errorParameter
        WHERE id = @id AND status = @previous
        """,
        ("id", job.Id), ("previous", JobStatusText.Write(previous)), ("status", JobStatusText.Write(job.Status)), ("started", job.Started), ("finished", job.Finished),
        ("estimatedFinish", job.EstimatedFinish), ("fineTunedModel", job.FineTunedModel), ("trainedTokens", job.TrainedTokens), ("resultFiles", string.Join(' ', job.ResultFiles)),
        ("errorCode", job.Error?.Code), ("errorMessage", job.Error?.Message), ("errorParameter", job.Error?.Parameter));

    private static Task InsertModelAsync(Session session, FineTunedModel model) => session.ExecuteAsync(
        "INSERT INTO fine_tuned_models (id, job, base, created, path) VALUES (@id, @job, @base, @created, @path)",
        ("id", model.Id), ("job", model.Job), ("base", model.Base), ("created", model.Created), ("path", model.Path));

    private static Task InsertEventAsync(Session session, JobEvent message) => session.ExecuteAsync(
        "INSERT INTO job_events (id, job, created, level, type, message, data) VALUES (@id, @job, @created, @level, @type, @message, @data)",
        ("id", message.Id), ("job", message.Job), ("created", message.Created), ("level", message.Level), ("type", message.Type), ("message", message.Message), ("data", message.Data));

    private static FineTunedModel ReadModel(DbDataReader row) => new(row.Text(0), row.Text(1), row.Text(2), row.Time(3), row.Text(4));

    private static FineTuningJob Read(DbDataReader row) => new()
    {
        Id = row.Text(0),
        Created = row.Time(1),
        Status = JobStatusText.Read(row.Text(2)),
        Model = row.Text(3),
        Method = row.Text(4),
        Settings = row.Text(5),
        TrainingFile = row.Text(6),
        ValidationFile = row.OptionalText(7),
        Suffix = row.OptionalText(8),
        Seed = row.Number(9),
        Started = row.OptionalTime(10),
        Finished = row.OptionalTime(11),
        EstimatedFinish = row.OptionalTime(12),
        FineTunedModel = row.OptionalText(13),
        TrainedTokens = row.OptionalNumber(14),
        ResultFiles = row.Text(15).Split(' ', StringSplitOptions.RemoveEmptyEntries),
        Error = row.OptionalText(16) is string code ? new JobError(code, row.Text(17), row.OptionalText(18)) : null,
    };
}
