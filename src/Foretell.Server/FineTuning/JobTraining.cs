using System.Text.Json.Nodes;
using Foretell.Server.Catalog;
using Foretell.Server.Files;
using Foretell.Server.Storage;
using Foretell.Tensors.Kernels;
using Microsoft.Extensions.Logging;

namespace Foretell.Server.FineTuning;

/// <summary>Takes one job from the queue to its end: trains it on a thread of its own that gives way to serving, and keeps what it made.</summary>
internal sealed partial class JobTraining(
    Database database, DataFolder data, FileArea files, ModelCatalog catalog, FineTunedModels models, IEnumerable<IJobTrainer> trainers, JobSignals signals, ServerOptions options, ILogger<JobTraining> logger)
{
    private readonly Dictionary<string, IJobTrainer> _trainers = trainers.ToDictionary(trainer => trainer.Method, StringComparer.Ordinal);

    private DateTimeOffset Now => database.Clock.GetUtcNow();

    /// <param name="stopping">The server ends: the job stays as it is and goes on at the next start.</param>
    public async Task RunAsync(FineTuningJob job, CancellationToken stopping)
    {
        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        // Before the status changes: who cancels a running job must find whom to stop.
        signals.Begin(job.Id, interrupt);
        try
        {
            bool again = job.Started is not null;
            if (await database.FineTuning.ChangeAsync(
                job.Id, [JobStatus.Queued], found => found with { Status = JobStatus.Running, Started = found.Started ?? Now },
                Event(job.Id, again ? "Fine-tuning job goes on" : "Fine-tuning job started"), [], [], stopping).ConfigureAwait(false) is FineTuningJob running)
            {
                await TrainAsync(running, interrupt.Token).ConfigureAwait(false);
            }
        }
        finally
        {
            signals.End();
        }
    }

    private async Task TrainAsync(FineTuningJob job, CancellationToken cancellation)
    {
        var folder = new JobFolder(data, job.Id);
        string root = FineTunedModelName.Root(job.Model);
        string tail = FineTunedModelName.Tail(job.Id);
        var events = new JobEvents(job, database, models, folder, word => FineTunedModelName.Of(root, job.Suffix, tail, word));
        JobError? error = null;
        JobOutcome? outcome = null;
        try
        {
            outcome = await OnOwnThreadAsync(job, folder, events, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Paused, cancelled, or the server ends: the status says which.
        }
        catch (Exception wrong)
        {
            error = Explain(wrong, job);
            LogFailure(logger, wrong, job.Id);
        }
        await events.FinishAsync().ConfigureAwait(false);
        if (outcome is not null)
        {
            await SucceedAsync(job, outcome, folder, new FineTunedModel(FineTunedModelName.Of(root, job.Suffix, tail, null), job.Id, job.Model, Now, folder.Relative(outcome.ModelPath))).ConfigureAwait(false);
        }
        else if (error is not null)
        {
            await database.FineTuning.ChangeAsync(
                job.Id, [JobStatus.Running], found => found with { Status = JobStatus.Failed, Finished = Now, EstimatedFinish = null, Error = error },
                Event(job.Id, $"The job failed: {error.Message}", "error"), [], [], CancellationToken.None).ConfigureAwait(false);
        }
        if (await database.FineTuning.FindAsync(job.Id, CancellationToken.None).ConfigureAwait(false) is { IsOver: true })
        {
            folder.Tidy();
        }
    }

    private async Task SucceedAsync(FineTuningJob job, JobOutcome outcome, JobFolder folder, FineTunedModel model)
    {
        StoredFile results = await JobResults.WriteAsync(job.Id, database, files).ConfigureAwait(false);
        FineTuningJob? succeeded = await database.FineTuning.ChangeAsync(
            job.Id, [JobStatus.Running],
            found => found with { Status = JobStatus.Succeeded, Finished = Now, EstimatedFinish = null, FineTunedModel = model.Id, TrainedTokens = outcome.TrainedTokens, ResultFiles = [results.Id] },
            Event(job.Id, $"The job has successfully completed. New fine-tuned model created: {model.Id}"), [model], [results], CancellationToken.None).ConfigureAwait(false);
        if (succeeded is null)
        {
            // Paused or cancelled in the last moment; a paused job comes here again.
            File.Delete(files.Path(results.Id));
            return;
        }
        models.Offer(model);
    }

    private Task<JobOutcome> OnOwnThreadAsync(FineTuningJob job, JobFolder folder, JobEvents events, CancellationToken cancellation)
    {
        var finished = new TaskCompletionSource<JobOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                ThreadPriorities.Lower();
                finished.SetResult(Train(job, folder, events, cancellation));
            }
            catch (Exception wrong)
            {
                // Handed to the one who waits.
                finished.SetException(wrong);
            }
        })
        { IsBackground = true, Name = "foretell fine-tuning" };
        thread.Start();
        return finished.Task;
    }

    private JobOutcome Train(FineTuningJob job, JobFolder folder, JobEvents events, CancellationToken cancellation)
    {
        CatalogModel model = catalog.Find(job.Model) ?? throw new FormatException($"the model '{job.Model}' is no longer there");
        Restore(job.TrainingFile, folder, folder.Training);
        if (job.ValidationFile is not null)
        {
            Restore(job.ValidationFile, folder, folder.Validation);
        }
        Directory.CreateDirectory(folder.Run);
        return _trainers[job.Method].Train(
            new JobTask(folder.Run, model.Path, folder.Training, job.ValidationFile is null ? null : folder.Validation, (JsonObject)JsonNode.Parse(job.Settings)!, (ulong)job.Seed, options.FineTuning.ResolvedThreads),
            events, cancellation);
    }

    /// <summary>The job's own copy was made when its files were checked; after a power cut it may be missing.</summary>
    private void Restore(string file, JobFolder folder, string copy)
    {
        if (!File.Exists(copy))
        {
            folder.Copy(File.Exists(files.Path(file)) ? files.Path(file) : throw new FormatException($"the file {file} was deleted"), copy);
        }
    }

    /// <summary>What the job's owner is told: sentences written for people, without this machine's paths; of anything else only that it is the server's fault.</summary>
    private JobError Explain(Exception wrong, FineTuningJob job)
    {
        if (wrong is not (FormatException or InvalidDataException or ArgumentException or Training.TrainingFailedException))
        {
            return new JobError("server_error", "The server had an error while it trained; its log says which.", null);
        }
        string message = wrong.Message.Replace(data.Path + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);
        return new JobError("training_failed", catalog.Find(job.Model) is CatalogModel model ? message.Replace(model.Path, job.Model, StringComparison.Ordinal) : message, null);
    }

    private JobEvent Event(string job, string message, string level = "info") => new(database.Identifiers.Next("ftevent-"), job, Now, level, "message", message, null);

    [LoggerMessage(Level = LogLevel.Error, Message = "The fine-tuning job {Job} failed.")]
    private static partial void LogFailure(ILogger logger, Exception wrong, string job);
}
