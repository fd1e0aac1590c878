using System.Globalization;
using System.Text;
using System.Text.Json;
using Foretell.Tokenizers;

namespace Foretell.Data;

/// <summary>A batch token by token, for people and for machines: what is read, what is asked, what counts, and where documents end.</summary>
public static class BatchPrinter
{
    private const int TextWidth = 20;

    /// <summary>One line a token: place in the row, position in its segment, id, text, target, its text, weight. A rule stands before each segment.</summary>
    /// <param name="batch">What to print.</param>
    /// <param name="tokenizer">Gives ids their text.</param>
    /// <param name="output">Where to.</param>
    /// <param name="rows">How many of the rows; null for all.</param>
    public static void WriteTable(Batch batch, Tokenizer tokenizer, TextWriter output, int? rows = null)
    {
        int context = batch.ContextLength, shownRows = ShownRows(batch, rows);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{batch.Rows} rows x {context} tokens, {batch.Segments.Length} segments, {batch.TargetCount} trained targets"));
        output.WriteLine($"{"index",7} {"position",8} {"id",7} {"token",-TextWidth} {"target",7} {"text",-TextWidth} weight");
        foreach ((Segment segment, int number) in batch.Segments.Select((segment, number) => (segment, number)))
        {
            int row = segment.Start / context;
            if (row >= shownRows)
            {
                break;
            }
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"--- row {row}, segment {number}: {segment.Length} tokens from {segment.Start % context} ---"));
            for (int index = segment.Start; index < segment.Start + segment.Length; index++)
            {
                string token = Pad(Text(tokenizer, batch.Tokens[index])), target = Pad(Text(tokenizer, batch.Targets[index]));
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{index % context,7} {batch.Positions[index],8} {batch.Tokens[index],7} {token} {batch.Targets[index],7} {target} {batch.Weights[index]:0.###}"));
            }
        }
        if (shownRows < batch.Rows)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"... {batch.Rows - shownRows} more rows"));
        }
    }

    /// <summary>The same as one JSON object: rows, contextLength, segments (row, start, length), tokens (row, index, position, id, text, target, targetText, weight).</summary>
    /// <param name="batch">What to print.</param>
    /// <param name="tokenizer">Gives ids their text.</param>
    /// <param name="output">Where to, in UTF-8.</param>
    /// <param name="rows">How many of the rows; null for all.</param>
    public static void WriteJson(Batch batch, Tokenizer tokenizer, Stream output, int? rows = null)
    {
        int context = batch.ContextLength, shownRows = ShownRows(batch, rows);
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteNumber("rows", batch.Rows);
        json.WriteNumber("contextLength", context);
        json.WriteNumber("targets", batch.TargetCount);
        json.WriteStartArray("segments");
        foreach (Segment segment in batch.Segments.Where(segment => segment.Start / context < shownRows))
        {
            json.WriteStartObject();
            json.WriteNumber("row", segment.Start / context);
            json.WriteNumber("start", segment.Start % context);
            json.WriteNumber("length", segment.Length);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("tokens");
        for (int index = 0; index < shownRows * context; index++)
        {
            json.WriteStartObject();
            json.WriteNumber("row", index / context);
            json.WriteNumber("index", index % context);
            json.WriteNumber("position", batch.Positions[index]);
            json.WriteNumber("id", batch.Tokens[index]);
            json.WriteString("text", Text(tokenizer, batch.Tokens[index]));
            json.WriteNumber("target", batch.Targets[index]);
            json.WriteString("targetText", Text(tokenizer, batch.Targets[index]));
            json.WriteNumber("weight", batch.Weights[index]);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>A token's bytes as text on one line: line breaks and other control characters, and bytes that are no whole character, are escaped; spaces are shown as ␣.</summary>
    public static string Text(Tokenizer tokenizer, int id)
    {
        var text = new StringBuilder();
        ReadOnlySpan<byte> bytes = tokenizer.TokenBytes(id);
        while (!bytes.IsEmpty)
        {
            bool isWhole = Rune.DecodeFromUtf8(bytes, out Rune rune, out int length) == System.Buffers.OperationStatus.Done;
            if (!isWhole)
            {
                foreach (byte value in bytes[..length])
                {
                    text.Append(CultureInfo.InvariantCulture, $"\\x{value:X2}");
                }
            }
            else
            {
                text.Append(Escape(rune));
            }
            bytes = bytes[length..];
        }
        return text.ToString();
    }

    private static string Escape(Rune rune) => rune.Value switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\\' => "\\\\",
        ' ' => "␣",
        _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
            ? string.Create(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:X}}}")
            : rune.ToString(),
    };

    private static int ShownRows(Batch batch, int? rows) => Math.Clamp(rows ?? batch.Rows, 0, batch.Rows);

    private static string Pad(string text)
    {
        if (text.Length <= TextWidth)
        {
            return text.PadRight(TextWidth);
        }
        string cut = text[..(TextWidth - 1)];
        return (char.IsHighSurrogate(cut[^1]) ? cut[..^1] : cut) + "…";
    }
}
