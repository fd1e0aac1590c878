using System.Globalization;
using System.Text.Json;
using Foretell.Server.Catalog;
using Foretell.Server.Storage;

namespace Foretell.Server.FineTuning;

/// <summary>Takes orders: creates, cancels, pauses and resumes jobs. What it answers is kept.</summary>
internal sealed class JobDesk(Database database, DataFolder data, ModelCatalog catalog, IEnumerable<IJobTrainer> trainers, JobSignals signals, ServerOptions options)
{
    private readonly Dictionary<string, IJobTrainer> _trainers = trainers.ToDictionary(trainer => trainer.Method, StringComparer.Ordinal);

    private DateTimeOffset Now => database.Clock.GetUtcNow();

    /// <exception cref="ApiException">400: something is wrong with it. 429: too many jobs wait.</exception>
    public async Task<FineTuningJob> CreateAsync(JsonElement body, CancellationToken cancellation)
    {
        FineTuningJob job = JobRequest.Read(body, _trainers, database.Identifiers.Next("ftjob-"), Now);
        if (catalog.Find(job.Model) is null)
        {
            throw new ApiException(400, $"The model '{job.Model}' does not exist, so it can't be fine-tuned.", parameter: "model", code: "model_not_found");
        }
        await RequireFileAsync("training_file", job.TrainingFile, cancellation).ConfigureAwait(false);
        if (job.ValidationFile is string validation)
        {
            if (!_trainers[job.Method].TakesValidationFile)
            {
                throw ApiException.Invalid("validation_file", $"The {job.Method} method of this server measures on no validation file; leave it out.", "unsupported_parameter");
            }
            await RequireFileAsync("validation_file", validation, cancellation).ConfigureAwait(false);
        }
        if (!await database.FineTuning.AddAsync(job, options.FineTuning.WaitingLimit, cancellation).ConfigureAwait(false))
        {
            throw Full();
        }
        await database.FineTuning.AddEventsAsync([Event(job.Id, "info", $"Created fine-tuning job: {job.Id}")], CancellationToken.None).ConfigureAwait(false);
        signals.Wake();
        return job;
    }

    /// <exception cref="ApiException">404.</exception>
    public async Task<FineTuningJob> FindAsync(string id, CancellationToken cancellation) =>
        await database.FineTuning.FindAsync(id, cancellation).ConfigureAwait(false)
        ?? throw ApiException.NotFound($"Could not find fine tune: {id}", "fine_tuning_job_id", "fine_tune_not_found");

    /// <exception cref="ApiException">404; 400: it is over.</exception>
    public async Task<FineTuningJob> CancelAsync(string id, CancellationToken cancellation)
    {
        FineTuningJob job = await ChangeAsync(
            id, [JobStatus.ValidatingFiles, JobStatus.Queued, JobStatus.Running, JobStatus.Paused],
            job => job with { Status = JobStatus.Cancelled, Finished = Now, EstimatedFinish = null },
            "The job was cancelled.", "cancelled", cancellation).ConfigureAwait(false);
        if (signals.Running != id)
        {
            new JobFolder(data, id).Tidy();
        }
        return job;
    }

    /// <exception cref="ApiException">404; 400: it neither waits nor runs.</exception>
    public Task<FineTuningJob> PauseAsync(string id, CancellationToken cancellation) => ChangeAsync(
        id, [JobStatus.Queued, JobStatus.Running],
        job => job with { Status = JobStatus.Paused, EstimatedFinish = null },
        "The job was paused.", "paused", cancellation);

    /// <exception cref="ApiException">404; 400: it is not paused; 429: too many jobs wait.</exception>
    public async Task<FineTuningJob> ResumeAsync(string id, CancellationToken cancellation)
    {
        if ((await FindAsync(id, cancellation).ConfigureAwait(false)).Status == JobStatus.Paused
            && await database.FineTuning.WaitingAsync(cancellation).ConfigureAwait(false) >= options.FineTuning.WaitingLimit)
        {
            throw Full();
        }
        return await ChangeAsync(id, [JobStatus.Paused], job => job with { Status = JobStatus.Queued }, "The job was resumed and waits for its turn.", "resumed", cancellation).ConfigureAwait(false);
    }

    private async Task<FineTuningJob> ChangeAsync(string id, JobStatus[] from, Func<FineTuningJob, FineTuningJob> change, string message, string word, CancellationToken cancellation)
    {
        if (await database.FineTuning.ChangeAsync(id, from, change, Event(id, "info", message), [], [], cancellation).ConfigureAwait(false) is FineTuningJob changed)
        {
            signals.Interrupt(id);
            signals.Wake();
            return changed;
        }
        FineTuningJob job = await FindAsync(id, cancellation).ConfigureAwait(false);
        throw new ApiException(400, $"The job {id} is {JobStatusText.Write(job.Status)} and can't be {word}.", parameter: "fine_tuning_job_id", code: "invalid_job_status");
    }

    private async Task RequireFileAsync(string parameter, string id, CancellationToken cancellation)
    {
        StoredFile? file = await database.Files.FindAsync(id, cancellation).ConfigureAwait(false);
        if (file is null || file.Expires <= Now)
        {
            throw ApiException.Invalid(parameter, $"The file {id} does not exist; upload it to /v1/files with the purpose fine-tune.", "file_not_found");
        }
        if (file.Purpose != "fine-tune")
        {
            throw ApiException.Invalid(parameter, $"The file {id} has the purpose {file.Purpose}; upload it with the purpose fine-tune.", "invalid_file_purpose");
        }
    }

    private ApiException Full() => new(
        429, string.Create(CultureInfo.InvariantCulture, $"{options.FineTuning.WaitingLimit} fine-tuning jobs wait or run already, as many as this server takes; try again when one is over."),
        "rate_limit_error", code: "fine_tuning_queue_full", retryAfter: TimeSpan.FromMinutes(1));

    private JobEvent Event(string job, string level, string message) => new(database.Identifiers.Next("ftevent-"), job, Now, level, "message", message, null);
}
