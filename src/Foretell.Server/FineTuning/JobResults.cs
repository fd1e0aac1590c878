using System.Globalization;
using System.Text;
using System.Text.Json;
using Foretell.Server.Files;
using Foretell.Server.Storage;

namespace Foretell.Server.FineTuning;

/// <summary>The result file of a job: its metrics as a table (CSV), a row a told step.</summary>
internal static class JobResults
{
    private const int PageLength = 1000;

    /// <summary>Writes the file's bytes; its record is the caller's to add.</summary>
    public static async Task<StoredFile> WriteAsync(string job, Database database, FileArea files)
    {
        var steps = new SortedDictionary<long, Dictionary<string, string>>();
        var columns = new List<string>();
        string? after = null;
        Page<JobEvent> page;
        do
        {
            page = await database.FineTuning.ListEventsAsync(job, new PageRequest(PageLength, after), CancellationToken.None).ConfigureAwait(false);
            foreach (JobEvent told in page.Items.Where(told => told is { Type: "metrics", Data: not null }))
            {
                Read(told.Data!, steps, columns);
            }
            after = page.Items.LastOrDefault()?.Id;
        }
        while (page.HasMore);
        byte[] table = Table(steps, columns);
        string id = database.Identifiers.Next("file-");
        using var source = new MemoryStream(table, writable: false);
        await files.WriteAsync(id, source, table.Length, CancellationToken.None).ConfigureAwait(false);
        return new StoredFile(id, "step_metrics.csv", "fine-tune-results", table.Length, database.Clock.GetUtcNow());
    }

    private static void Read(string data, SortedDictionary<long, Dictionary<string, string>> steps, List<string> columns)
    {
        using JsonDocument document = JsonDocument.Parse(data);
        long step = document.RootElement.GetProperty("step").GetInt64();
        // A step that was made again after a crash is the same step.
        Dictionary<string, string> row = steps[step] = [];
        foreach (JsonProperty metric in document.RootElement.EnumerateObject())
        {
            if (metric.Name is "step" or "total_steps")
            {
                continue;
            }
            if (!columns.Contains(metric.Name, StringComparer.Ordinal))
            {
                columns.Add(metric.Name);
            }
            row[metric.Name] = metric.Value.ValueKind == JsonValueKind.Number ? metric.Value.GetRawText() : "";
        }
    }

    private static byte[] Table(SortedDictionary<long, Dictionary<string, string>> steps, List<string> columns)
    {
        var table = new StringBuilder();
        table.AppendJoin(',', columns.Prepend("step")).Append('\n');
        foreach ((long step, Dictionary<string, string> row) in steps)
        {
            table.AppendJoin(',', columns.Select(column => row.GetValueOrDefault(column, "")).Prepend(step.ToString(CultureInfo.InvariantCulture))).Append('\n');
        }
        return Encoding.UTF8.GetBytes(table.ToString());
    }
}
