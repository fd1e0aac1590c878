using System.Data.Common;
using System.Text.Json.Nodes;
using Foretell.Server.Files;
using Foretell.Server.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foretell.Server.FineTuning;

/// <summary>Works through the jobs: checks the files of new ones at once, trains one at a time in their order, and takes up at the start what a crash interrupted.</summary>
internal sealed partial class JobRunner(
    Database database, DataFolder data, FileArea files, FineTunedModels models, JobTraining training, IEnumerable<IJobTrainer> trainers, JobSignals signals, ILogger<JobRunner> logger) : BackgroundService
{
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, IJobTrainer> _trainers = trainers.ToDictionary(trainer => trainer.Method, StringComparer.Ordinal);

    private DateTimeOffset Now => database.Clock.GetUtcNow();

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        while (await database.FineTuning.OldestAsync(JobStatus.Running, cancellationToken).ConfigureAwait(false) is FineTuningJob job)
        {
            await database.FineTuning.ChangeAsync(
                job.Id, [JobStatus.Running], found => found with { Status = JobStatus.Queued, EstimatedFinish = null },
                Event(job.Id, "The server was started anew; the job goes on from its last checkpoint."), [], [], cancellationToken).ConfigureAwait(false);
        }
        await SweepAsync(cancellationToken).ConfigureAwait(false);
        await models.OfferAllAsync(cancellationToken).ConfigureAwait(false);
        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        WorkAsync(JobStatus.ValidatingFiles, ValidateAsync, stoppingToken),
        WorkAsync(JobStatus.Queued, training.RunAsync, stoppingToken));

    /// <summary>Does one kind of work, oldest job first, and waits for news when there is none.</summary>
    private async Task WorkAsync(JobStatus status, Func<FineTuningJob, CancellationToken, Task> work, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                Task news = signals.News;
                if (await database.FineTuning.OldestAsync(status, stopping).ConfigureAwait(false) is FineTuningJob job)
                {
                    await work(job, stopping).ConfigureAwait(false);
                }
                else
                {
                    await news.WaitAsync(stopping).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception wrong) when (wrong is IOException or DbException or UnauthorizedAccessException)
            {
                // The database or the disk is away for a moment; the job stays as it is and is tried again.
                LogFailure(logger, wrong);
                await Task.Delay(s_retry, database.Clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ValidateAsync(FineTuningJob job, CancellationToken stopping)
    {
        var folder = new JobFolder(data, job.Id);
        JobError? error = await CheckAsync("training_file", job.TrainingFile, folder.Training, job, stopping).ConfigureAwait(false);
        if (error is null && job.ValidationFile is string validation)
        {
            error = await CheckAsync("validation_file", validation, folder.Validation, job, stopping).ConfigureAwait(false);
        }
        FineTuningJob? changed = error is null
            ? await database.FineTuning.ChangeAsync(
                job.Id, [JobStatus.ValidatingFiles], found => found with { Status = JobStatus.Queued },
                Event(job.Id, "Files validated, moving job to queued state"), [], [], stopping).ConfigureAwait(false)
            : await database.FineTuning.ChangeAsync(
                job.Id, [JobStatus.ValidatingFiles], found => found with { Status = JobStatus.Failed, Finished = Now, Error = error },
                Event(job.Id, $"The job failed due to an invalid file: {error.Message}", "error"), [], [], stopping).ConfigureAwait(false);
        if (changed is not { IsOver: false })
        {
            folder.Tidy();
        }
        signals.Wake();
    }

    private async Task<JobError?> CheckAsync(string parameter, string file, string copy, FineTuningJob job, CancellationToken stopping)
    {
        await database.FineTuning.AddEventsAsync([Event(job.Id, $"Validating {parameter.Replace('_', ' ')}: {file}")], stopping).ConfigureAwait(false);
        JsonObject settings = (JsonObject)JsonNode.Parse(job.Settings)!;
        try
        {
            new JobFolder(data, job.Id).Copy(files.Path(file), copy);
            await using var stream = new FileStream(copy, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
            if (!_trainers.TryGetValue(job.Method, out IJobTrainer? trainer))
            {
                return new JobError("unsupported_method", $"This server does not train by the {job.Method} method.", "method");
            }
            await JobFile.CheckAsync(stream, example => trainer.CheckExample(example, settings), stopping).ConfigureAwait(false);
            return null;
        }
        catch (FileNotFoundException)
        {
            return new JobError("file_not_found", $"The file {file} was deleted before it was validated.", parameter);
        }
        catch (InvalidDataException wrong)
        {
            return new JobError($"invalid_{parameter}", $"The file {file} can't be used for {job.Method} fine-tuning: {wrong.Message}", parameter);
        }
    }

    /// <summary>Removes what jobs that are over, or were never acknowledged, left over.</summary>
    private async Task SweepAsync(CancellationToken cancellation)
    {
        foreach (string path in Directory.EnumerateDirectories(data.Jobs))
        {
            string id = Path.GetFileName(path);
            FineTuningJob? job = await database.FineTuning.FindAsync(id, cancellation).ConfigureAwait(false);
            if (job is null)
            {
                new JobFolder(data, id).Remove();
            }
            else if (job.IsOver)
            {
                new JobFolder(data, id).Tidy();
            }
        }
    }

    private JobEvent Event(string job, string message, string level = "info") => new(database.Identifiers.Next("ftevent-"), job, Now, level, "message", message, null);

    [LoggerMessage(Level = LogLevel.Error, Message = "Fine-tuning jobs can't go on; they are tried again in some seconds.")]
    private static partial void LogFailure(ILogger logger, Exception wrong);
}
