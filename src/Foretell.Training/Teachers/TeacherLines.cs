using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foretell.Data;

namespace Foretell.Training;

/// <summary>
/// A .jsonl file of what a teacher said, a line a row in the rows' order, each on the disk before the next ones are asked
/// for. Asking again goes on behind the last whole line; lines that belong to other rows or settings are refused.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="settings">All that decides what is asked: constitution, seed, teacher.</param>
internal sealed class TeacherLines(string path, string settings)
{
    private const string KeyName = "key";

    /// <summary>Makes the lines that are missing.</summary>
    /// <param name="rows">Identities of the rows, in order.</param>
    /// <param name="make">Asks the teacher about a row; null for a row without a line's worth of result is not allowed, so it says so in the line.</param>
    /// <param name="concurrency">Rows that are asked about at once; the file does not depend on it.</param>
    /// <returns>All lines, those of earlier runs included.</returns>
    /// <exception cref="CorpusException">The file belongs to other rows or settings.</exception>
    public async Task<IReadOnlyList<JsonObject>> RunAsync(IReadOnlyList<string> rows, Func<int, CancellationToken, Task<JsonObject>> make, int concurrency, Action<int>? progress, CancellationToken cancellation)
    {
        List<JsonObject> lines = Existing(rows);
        progress?.Invoke(lines.Count);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var stream = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        while (lines.Count < rows.Count)
        {
            cancellation.ThrowIfCancellationRequested();
            int first = lines.Count;
            JsonObject[] made = await Task.WhenAll(Enumerable.Range(first, Math.Min(concurrency, rows.Count - first)).Select(row => make(row, cancellation))).ConfigureAwait(false);
            for (int i = 0; i < made.Length; i++)
            {
                made[i][KeyName] = Key(rows[first + i]);
                await stream.WriteAsync(Encoding.UTF8.GetBytes(made[i].ToJsonString(s_readable) + "\n"), cancellation).ConfigureAwait(false);
                lines.Add(made[i]);
            }
            stream.Flush(flushToDisk: true);
            progress?.Invoke(lines.Count);
        }
        return lines;
    }

    private static readonly JsonSerializerOptions s_readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The whole lines that are there; what a kill left of a last one is cut off.</summary>
    private List<JsonObject> Existing(IReadOnlyList<string> rows)
    {
        var lines = new List<JsonObject>();
        if (!File.Exists(path))
        {
            return lines;
        }
        byte[] bytes = File.ReadAllBytes(path);
        int start = 0;
        for (int end = Array.IndexOf(bytes, (byte)'\n'); end >= 0; end = Array.IndexOf(bytes, (byte)'\n', start))
        {
            JsonObject? line = null;
            try
            {
                line = JsonNode.Parse(bytes.AsSpan(start, end - start)) as JsonObject;
            }
            catch (JsonException)
            {
                // Told below, as any line that is not this run's.
            }
            if (line is null || lines.Count >= rows.Count || line[KeyName]?.GetValue<string>() != Key(rows[lines.Count]))
            {
                throw new CorpusException(FormattableString.Invariant($"{path}, line {lines.Count + 1}: it was not made of these rows by these settings and this teacher; remove the file, or choose another --out."));
            }
            lines.Add(line);
            start = end + 1;
        }
        if (start < bytes.Length)
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Write);
            stream.SetLength(start);
        }
        return lines;
    }

    private string Key(string row) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{settings}\u0001{row}")))[..16];
}
