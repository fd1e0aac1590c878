namespace Foretell.Server.Storage;

/// <summary>A job's status as the API spells it.</summary>
internal static class JobStatusText
{
    public static string Write(JobStatus status) => status switch
    {
        JobStatus.ValidatingFiles => "validating_files",
        JobStatus.Queued => "queued",
        JobStatus.Running => "running",
        JobStatus.Paused => "paused",
        JobStatus.Succeeded => "succeeded",
        JobStatus.Failed => "failed",
        JobStatus.Cancelled => "cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "Not a status."),
    };

    /// <exception cref="InvalidDataException">No status.</exception>
    public static JobStatus Read(string text) => text switch
    {
        "validating_files" => JobStatus.ValidatingFiles,
        "queued" => JobStatus.Queued,
        "running" => JobStatus.Running,
        "paused" => JobStatus.Paused,
        "succeeded" => JobStatus.Succeeded,
        "failed" => JobStatus.Failed,
        "cancelled" => JobStatus.Cancelled,
        _ => throw new InvalidDataException($"The database has a job of status \"{text}\", which this program does not know; use the newer program."),
    };
}
