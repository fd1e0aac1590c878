namespace Foretell.Server.Storage;

/// <summary>Where a job is in its life.</summary>
public enum JobStatus
{
    ValidatingFiles,
    Queued,
    Running,
    Paused,
    Succeeded,
    Failed,
    Cancelled,
}

/// <summary>Why a job failed.</summary>
/// <param name="Code">For programs.</param>
/// <param name="Message">For people.</param>
/// <param name="Parameter">The request's parameter that was wrong; null when none was.</param>
public sealed record JobError(string Code, string Message, string? Parameter);

/// <summary>A fine-tuning job as it is kept.</summary>
public sealed record FineTuningJob
{
    public required string Id { get; init; }

    public required DateTimeOffset Created { get; init; }

    public required JobStatus Status { get; init; }

    /// <summary>The model that is trained further.</summary>
    public required string Model { get; init; }

    /// <summary><c>supervised</c>, <c>dpo</c> or <c>reinforcement</c>.</summary>
    public required string Method { get; init; }

    /// <summary>The method's settings as the API has them, a JSON object: hyperparameters, grader.</summary>
    public required string Settings { get; init; }

    public required string TrainingFile { get; init; }

    public string? ValidationFile { get; init; }

    /// <summary>A word of the new model's name; null for none.</summary>
    public string? Suffix { get; init; }

    public required long Seed { get; init; }

    /// <summary>When training first began.</summary>
    public DateTimeOffset? Started { get; init; }

    public DateTimeOffset? Finished { get; init; }

    public DateTimeOffset? EstimatedFinish { get; init; }

    /// <summary>The new model; null until the job has succeeded.</summary>
    public string? FineTunedModel { get; init; }

    public long? TrainedTokens { get; init; }

    /// <summary>Identifiers of files that the job wrote.</summary>
    public IReadOnlyList<string> ResultFiles { get; init; } = [];

    public JobError? Error { get; init; }

    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether nothing will happen to it any more.</summary>
    public bool IsOver => Status is JobStatus.Succeeded or JobStatus.Failed or JobStatus.Cancelled;
}

/// <summary>Something that happened in a job.</summary>
/// <param name="Level"><c>info</c>, <c>warn</c> or <c>error</c>.</param>
/// <param name="Type"><c>message</c> or <c>metrics</c>.</param>
/// <param name="Data">A JSON object; null for none.</param>
public sealed record JobEvent(string Id, string Job, DateTimeOffset Created, string Level, string Type, string Message, string? Data);

/// <summary>A model as it was at a step of a job.</summary>
/// <param name="Model">The name by which requests call it.</param>
/// <param name="Metrics">A JSON object.</param>
public sealed record JobCheckpoint(string Id, string Job, DateTimeOffset Created, long Step, string Model, string Metrics);

/// <summary>A model that a job made.</summary>
/// <param name="Id">The name by which requests call it.</param>
/// <param name="Path">Its folder, relative to the data folder.</param>
public sealed record FineTunedModel(string Id, string Job, string Base, DateTimeOffset Created, string Path);
