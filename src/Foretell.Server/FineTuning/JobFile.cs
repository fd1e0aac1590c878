using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json;

namespace Foretell.Server.FineTuning;

/// <summary>Checks a file of examples line by line, however large it is.</summary>
internal static class JobFile
{
    /// <summary>The longest line, in bytes.</summary>
    public const int LongestLine = 8 << 20;

    private const int ComplaintsTold = 10;

    /// <summary>The number of examples.</summary>
    /// <param name="check">Throws a <see cref="FormatException"/> for an example that can't be used.</param>
    /// <exception cref="InvalidDataException">One sentence with the numbers of the lines that are wrong and why.</exception>
    public static async Task<long> CheckAsync(Stream file, Action<JsonElement> check, CancellationToken cancellation)
    {
        var complaints = new List<string>();
        long line = 0, examples = 0, wrong = 0;
        PipeReader reader = PipeReader.Create(file, new StreamPipeReaderOptions(bufferSize: 1 << 16, leaveOpen: true));
        while (true)
        {
            ReadResult read = await reader.ReadAsync(cancellation).ConfigureAwait(false);
            ReadOnlySequence<byte> buffer = read.Buffer;
            while (TryLine(ref buffer, read.IsCompleted, out ReadOnlySequence<byte> text))
            {
                line++;
                string? complaint = Complaint(line == 1 ? WithoutMark(text) : text, check, ref examples);
                if (complaint is not null && ++wrong <= ComplaintsTold)
                {
                    complaints.Add(string.Create(CultureInfo.InvariantCulture, $"line {line}: {complaint.TrimEnd('.')}"));
                }
            }
            if (buffer.Length > LongestLine)
            {
                throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"line {line + 1} is longer than {LongestLine} bytes; each example is one line of JSON."));
            }
            reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                break;
            }
        }
        if (wrong > 0)
        {
            string more = wrong > ComplaintsTold ? string.Create(CultureInfo.InvariantCulture, $"; and {wrong - ComplaintsTold} more lines") : "";
            throw new InvalidDataException(string.Join("; ", complaints) + more + ".");
        }
        return examples > 0 ? examples : throw new InvalidDataException("it has no example; each line is one, a JSON object.");
    }

    private static bool TryLine(ref ReadOnlySequence<byte> buffer, bool isLast, out ReadOnlySequence<byte> line)
    {
        if (buffer.PositionOf((byte)'\n') is SequencePosition end)
        {
            line = buffer.Slice(0, end);
            buffer = buffer.Slice(buffer.GetPosition(1, end));
            return true;
        }
        line = buffer;
        if (!isLast || buffer.IsEmpty)
        {
            return false;
        }
        buffer = buffer.Slice(buffer.End);
        return true;
    }

    private static ReadOnlySequence<byte> WithoutMark(ReadOnlySequence<byte> line)
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        return line.Length >= mark.Length && line.Slice(0, mark.Length).ToArray().AsSpan().SequenceEqual(mark) ? line.Slice(mark.Length) : line;
    }

    private static string? Complaint(ReadOnlySequence<byte> line, Action<JsonElement> check, ref long examples)
    {
        if (line.Length > LongestLine)
        {
            return string.Create(CultureInfo.InvariantCulture, $"longer than {LongestLine} bytes");
        }
        byte[] bytes = line.ToArray();
        if (bytes.AsSpan().IndexOfAnyExcept(" \t\r"u8) < 0)
        {
            // An empty line at the end is how most editors save; elsewhere it does no harm.
            return null;
        }
        examples++;
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return "not a JSON object";
            }
            check(document.RootElement);
            return null;
        }
        catch (JsonException wrong)
        {
            return string.Create(CultureInfo.InvariantCulture, $"not valid JSON at byte {wrong.BytePositionInLine + 1}");
        }
        catch (FormatException wrong)
        {
            return wrong.Message;
        }
        catch (InvalidOperationException)
        {
            // What System.Text.Json throws for letters that are no Unicode, when they are read.
            return "has text that is not valid Unicode";
        }
    }
}
