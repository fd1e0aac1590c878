using System.Text.Json.Nodes;
using Foretell.Training;
using Foretell.Training.Reports;

namespace Foretell.Server.Pages;

/// <summary>A run that the training page shows.</summary>
/// <param name="Id">Its path below the folder of runs.</param>
/// <param name="Algorithm">As its config.json says, or "pretrain".</param>
/// <param name="State">"running", "stopped" or "finished".</param>
/// <param name="Step">The last one logged.</param>
/// <param name="Steps">Of the whole run, where the recipe says so.</param>
/// <param name="Updated">When it last wrote.</param>
/// <param name="Job">The fine-tuning job that it is the run of; null for a run of the command line.</param>
internal sealed record RunSummary(string Id, string Name, string Algorithm, string State, long Step, long? Steps, DateTimeOffset Updated, string? Job);

/// <summary>The runs below a folder and those of fine-tuning jobs, at most two folders deep, read as they are written; nothing in them is changed.</summary>
/// <param name="folder">Null for no runs but those of jobs.</param>
/// <param name="jobs">The folder of jobs, each a folder by its id.</param>
internal sealed class RunCatalog(string? folder, string jobs, TimeProvider time)
{
    private const string MetricsFile = "metrics.jsonl";
    private const int Most = 200;

    /// <summary>A run that has not written for so long has stopped.</summary>
    private static readonly TimeSpan s_silence = TimeSpan.FromMinutes(2);

    /// <summary>Newest first, at most 200.</summary>
    public IReadOnlyList<RunSummary> List() =>
        [.. Folders().Select(run => (Run: run, Written: File.GetLastWriteTimeUtc(Path.Combine(run.Path, MetricsFile)))).OrderByDescending(run => run.Written).Take(Most).Select(run => Summarize(run.Run, run.Written))];

    /// <summary>What a run logged after a step, at most <paramref name="limit"/> entries; null when there is no such run.</summary>
    public IReadOnlyList<MetricsEntry>? Metrics(string id, long after, int limit)
    {
        // Found among the runs that are there, never put together from what was asked.
        Run? found = Folders().FirstOrDefault(run => run.Id == id);
        return found is null ? null : [.. MetricsLog.Read(Path.Combine(found.Path, MetricsFile)).Where(entry => entry.Step > after).Take(limit)];
    }

    private IEnumerable<Run> Folders() => Below(folder, isJobs: false).Concat(Below(jobs, isJobs: true));

    private static IEnumerable<Run> Below(string? root, bool isJobs)
    {
        if (root is null || !Directory.Exists(root))
        {
            return [];
        }
        IEnumerable<string> below = Directory.EnumerateDirectories(root);
        return new[] { root }.Concat(below).Concat(below.SelectMany(Directory.EnumerateDirectories)).Where(path => File.Exists(Path.Combine(path, MetricsFile))).Select(path =>
        {
            string relative = Path.GetRelativePath(root, path).Replace(Path.DirectorySeparatorChar, '/');
            string id = relative == "." ? Path.GetFileName(Path.GetFullPath(path)) : relative;
            return isJobs ? new Run(path, "jobs/" + id, id.Split('/')[0]) : new Run(path, id, null);
        });
    }

    private sealed record Run(string Path, string Id, string? Job);

    private RunSummary Summarize(Run run, DateTime written)
    {
        string path = run.Path;
        JsonObject? config = null;
        try
        {
            config = TrainingRun.ReadConfig(path);
        }
        catch (InvalidDataException)
        {
            // A run whose configuration is damaged still has curves to show.
        }
        string state = Directory.Exists(Path.Combine(path, "model")) ? "finished" : time.GetUtcNow() - written < s_silence ? "running" : "stopped";
        long? steps = config?["recipe"]?["steps"] is JsonValue value && value.TryGetValue(out long given) ? given : null;
        return new RunSummary(run.Id, run.Job ?? run.Id, (string?)config?["algorithm"] ?? "pretrain", state, LastStep(Path.Combine(path, MetricsFile)), steps, new DateTimeOffset(written, TimeSpan.Zero), run.Job);
    }

    /// <summary>The step of the last whole line, from the file's end: the list is asked for every few seconds.</summary>
    private static long LastStep(string path)
    {
        const int Tail = 64 << 10;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Seek(-Math.Min(Tail, stream.Length), SeekOrigin.End);
        using var reader = new StreamReader(stream);
        string[] lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (string line in lines.Reverse())
        {
            try
            {
                if (JsonNode.Parse(line)?["step"] is JsonValue step && step.TryGetValue(out long number))
                {
                    return number;
                }
            }
            catch (System.Text.Json.JsonException)
            {
                // Half a line: it is being written.
            }
        }
        return 0;
    }
}
