using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Foretell.Tensors.Files;

namespace Foretell.Training.Reports;

/// <summary>What a run recorded at one step.</summary>
/// <param name="Step">Steps of the optimizer done so far.</param>
/// <param name="Values">Name to number; what was not finite comes back as NaN.</param>
/// <param name="Texts">Name to text, such as a sample.</param>
public sealed record MetricsEntry(long Step, IReadOnlyDictionary<string, double> Values, IReadOnlyDictionary<string, string> Texts);

/// <summary>
/// <c>metrics.jsonl</c>: one JSON object a line, <c>{"step":20,"loss":3.25,"sample":"Once"}</c>, steps ascending, each once. Every line leaves the
/// process whole as it is written, so a killed run loses at most the line it was writing; that torn line is dropped on opening.
/// </summary>
public sealed class MetricsLog : IDisposable
{
    private const string StepName = "step";

    // A log is read by people and by grep; it is no part of a page.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly FileStream _stream;
    private readonly ArrayBufferWriter<byte> _line = new();

    private MetricsLog(FileStream stream, long? lastStep)
    {
        _stream = stream;
        LastStep = lastStep;
    }

    /// <summary>The last step in the log, or null when it is empty.</summary>
    public long? LastStep { get; private set; }

    /// <summary>Opens the log for appending, creating it when it is missing.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="resumeFromStep">The step of the checkpoint that the run resumes from, 0 for a run that begins: lines of later steps, which the run will write again, are dropped. Null keeps all.</param>
    /// <exception cref="InvalidDataException">A line other than the last is not such an object, or its step is not after the one before; the message names the line.</exception>
    /// <exception cref="IOException">The file can't be read or written, or another process appends to it.</exception>
    public static MetricsLog Open(string path, long? resumeFromStep = null)
    {
        long? lastStep = null;
        if (File.Exists(path))
        {
            using var kept = new MemoryStream();
            byte[] old = File.ReadAllBytes(path);
            foreach ((ReadOnlyMemory<byte> line, MetricsEntry entry) in Lines(path, old))
            {
                if (entry.Step <= (resumeFromStep ?? long.MaxValue))
                {
                    kept.Write(line.Span);
                    kept.WriteByte((byte)'\n');
                    lastStep = entry.Step;
                }
            }
            if (!kept.GetBuffer().AsSpan(0, (int)kept.Length).SequenceEqual(old))
            {
                AtomicFile.Write(path, kept.ToArray());
            }
        }
        return new MetricsLog(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0), lastStep);
    }

    /// <summary>Every whole line of a log; a torn last line is left out. The file may be in use by a run.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="Open"/>.</exception>
    public static IReadOnlyList<MetricsEntry> Read(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return [.. Lines(path, content.ToArray()).Select(line => line.Entry)];
    }

    /// <summary>Appends a line and hands it to the operating system.</summary>
    /// <param name="step">After <see cref="LastStep"/>.</param>
    /// <param name="values">Name to number, in the order of the line; NaN and infinities are written as null.</param>
    /// <param name="texts">Name to text, after the numbers; or null.</param>
    /// <exception cref="ArgumentException">The step is not after the last one, or a name occurs twice or is "step".</exception>
    public void Append(long step, IEnumerable<KeyValuePair<string, double>> values, IEnumerable<KeyValuePair<string, string>>? texts = null)
    {
        if (step < 0 || step <= LastStep)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"Step {step} can't be logged after step {LastStep ?? -1}: a log holds each step once, in ascending order."), nameof(step));
        }
        var names = new HashSet<string>(StringComparer.Ordinal) { StepName };
        _line.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_line, Options))
        {
            json.WriteStartObject();
            json.WriteNumber(StepName, step);
            foreach ((string name, double value) in values)
            {
                Claim(names, name);
                if (double.IsFinite(value))
                {
                    json.WriteNumber(name, value);
                }
                else
                {
                    json.WriteNull(name);
                }
            }
            foreach ((string name, string text) in texts ?? [])
            {
                Claim(names, name);
                json.WriteString(name, text);
            }
            json.WriteEndObject();
        }
        _line.Write("\n"u8);
        // One write for the line and its end: a reader or a kill sees lines, not pieces.
        _stream.Write(_line.WrittenSpan);
        LastStep = step;
    }

    /// <summary>Waits until all lines are on the disk: call it before a checkpoint that the log must not fall behind.</summary>
    public void FlushToDisk() => _stream.Flush(flushToDisk: true);

    public void Dispose() => _stream.Dispose();

    private static void Claim(HashSet<string> names, string name)
    {
        if (!names.Add(name))
        {
            throw new ArgumentException($"The metric \"{name}\" occurs twice in one line; give each its own name, other than \"{StepName}\".");
        }
    }

    private static IEnumerable<(ReadOnlyMemory<byte> Line, MetricsEntry Entry)> Lines(string path, ReadOnlyMemory<byte> content)
    {
        long? before = null;
        for (int number = 1; !content.IsEmpty; number++)
        {
            int end = content.Span.IndexOf((byte)'\n');
            bool last = end < 0 || end == content.Length - 1;
            ReadOnlyMemory<byte> line = end < 0 ? content : content[..end];
            content = end < 0 ? default : content[(end + 1)..];
            (MetricsEntry? entry, string? problem) = Parse(line);
            if (entry is null && last)
            {
                yield break;
            }
            if (entry is not null && entry.Step <= before)
            {
                problem = string.Create(CultureInfo.InvariantCulture, $"its step {entry.Step} follows step {before}, but steps ascend");
            }
            if (problem is not null)
            {
                throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"Line {number} of {path} is not a line of metrics: {problem}; repair or remove the file."));
            }
            before = entry!.Step;
            yield return (line, entry);
        }
    }

    private static (MetricsEntry? Entry, string? Problem) Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return (null, "it is not a JSON object");
            }
            long? step = null;
            var values = new Dictionary<string, double>(StringComparer.Ordinal);
            var texts = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                switch (property.Value.ValueKind)
                {
                    case JsonValueKind.Number when property.NameEquals(StepName):
                        step = property.Value.TryGetInt64(out long whole) ? whole : null;
                        break;
                    case JsonValueKind.Number:
                        values[property.Name] = property.Value.GetDouble();
                        break;
                    case JsonValueKind.Null:
                        values[property.Name] = double.NaN;
                        break;
                    case JsonValueKind.String:
                        texts[property.Name] = property.Value.GetString()!;
                        break;
                }
            }
            return step is long known ? (new MetricsEntry(known, values, texts), null) : (null, "it has no whole number \"step\"");
        }
        catch (JsonException)
        {
            return (null, "it is not valid JSON");
        }
        catch (InvalidOperationException)
        {
            return (null, "it holds a broken surrogate pair");
        }
    }
}
