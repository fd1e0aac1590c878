namespace Foretell.Server.Storage;

/// <summary>Fine-tuning jobs, their events and checkpoints, and the models that they made.</summary>
public interface IFineTuningStore
{
    /// <param name="waitingLimit">The most jobs that may wait or run at once.</param>
    /// <returns>False, and nothing is kept, when so many do already.</returns>
    Task<bool> AddAsync(FineTuningJob job, int waitingLimit, CancellationToken cancellation);

    /// <returns>Null when there is none.</returns>
    Task<FineTuningJob?> FindAsync(string id, CancellationToken cancellation);

    /// <param name="metadata">Pairs that each must have; null for all.</param>
    Task<Page<FineTuningJob>> ListAsync(IReadOnlyDictionary<string, string>? metadata, PageRequest page, CancellationToken cancellation);

    /// <summary>The oldest job of a status; null when there is none.</summary>
    Task<FineTuningJob?> OldestAsync(JobStatus status, CancellationToken cancellation);

    /// <summary>Jobs that wait or run: validating, queued or running.</summary>
    Task<int> WaitingAsync(CancellationToken cancellation);

    /// <summary>
    /// Changes a job if it is in one of the statuses, with what is told about it and what it made, all or nothing. The
    /// status, times, results and error can change; what was ordered can't.
    /// </summary>
    /// <param name="change">Given the job as it is; may be called more than once.</param>
    /// <param name="message">An event about it; null for none.</param>
    /// <param name="models">Models that it made.</param>
    /// <param name="files">Files that it wrote.</param>
    /// <returns>The changed job; null, and nothing is changed, when there is none or it is in another status.</returns>
    Task<FineTuningJob?> ChangeAsync(
        string id,
        IReadOnlyCollection<JobStatus> from,
        Func<FineTuningJob, FineTuningJob> change,
        JobEvent? message,
        IReadOnlyList<FineTunedModel> models,
        IReadOnlyList<StoredFile> files,
        CancellationToken cancellation);

    Task AddEventsAsync(IReadOnlyList<JobEvent> events, CancellationToken cancellation);

    Task<Page<JobEvent>> ListEventsAsync(string job, PageRequest page, CancellationToken cancellation);

    /// <summary>Keeps a checkpoint and its model; one already kept for the step stays as it is.</summary>
    Task AddCheckpointAsync(JobCheckpoint checkpoint, FineTunedModel model, CancellationToken cancellation);

    Task<Page<JobCheckpoint>> ListCheckpointsAsync(string job, PageRequest page, CancellationToken cancellation);

    /// <summary>All models that jobs made and nobody deleted.</summary>
    Task<IReadOnlyList<FineTunedModel>> ModelsAsync(CancellationToken cancellation);

    /// <returns>The deleted model; null when there is none.</returns>
    Task<FineTunedModel?> DeleteModelAsync(string id, CancellationToken cancellation);
}
