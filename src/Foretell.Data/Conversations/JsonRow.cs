using System.Text.Json;

namespace Foretell.Data;

/// <summary>One JSON object of a data file.</summary>
/// <param name="Fields">The object; lives on without the file.</param>
/// <param name="Place">"FILE, line 7" or, of an array, "FILE, row 7", from 1: what a message begins with.</param>
public sealed record JsonRow(JsonElement Fields, string Place)
{
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 256 };

    /// <summary>The names of the object's fields, for a message.</summary>
    public string FieldNames
    {
        get
        {
            string[] names = [.. Fields.EnumerateObject().Select(member => $"\"{member.Name}\"").Take(13)];
            return names.Length == 0 ? "none" : names.Length > 12 ? string.Join(", ", names[..12]) + ", ..." : string.Join(", ", names);
        }
    }

    /// <summary>Reads the objects of files: an array of them, or one a line; plain or compressed (.gz). Blank lines are passed over.</summary>
    /// <param name="paths">Files, read in the order given.</param>
    /// <exception cref="CorpusException">A file is missing, empty, damaged or holds something else; the message says which, where and what.</exception>
    public static IEnumerable<JsonRow> Read(IEnumerable<string> paths)
    {
        foreach (string path in paths)
        {
            CorpusFile file = File.Exists(path) ? CorpusFile.At(path) : throw new CorpusException($"{path} does not exist; expected a .json or .jsonl file (or either with .gz).");
            byte[] bytes = ReadAll(file);
            int first = 0;
            while (first < bytes.Length && bytes[first] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            {
                first++;
            }
            foreach (JsonRow row in first < bytes.Length && bytes[first] == '[' ? OfArray(bytes, file.Name) : OfLines(bytes, file.Name))
            {
                yield return row;
            }
        }
    }

    /// <summary>What is wrong with this row, as a sentence that begins with its place.</summary>
    /// <param name="what">As in "has no field \"prompt\"; the fields there are ...".</param>
    public CorpusException Wrong(string what, Exception? cause = null) => new($"{Place}, {what}", cause);

    /// <summary>A field's text.</summary>
    /// <returns>Null where the field is missing or null.</returns>
    /// <exception cref="CorpusException">It is something other than text.</exception>
    public string? Text(string field)
    {
        if (!Fields.TryGetProperty(field, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw Wrong($"has {Describe(value)} in the field \"{field}\" where text was expected.");
    }

    /// <summary>What a value is, for messages.</summary>
    public static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => "an array",
        JsonValueKind.Object => "an object",
        JsonValueKind.String => "text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null or JsonValueKind.Undefined => "null",
        _ => "true or false",
    };

    private static IEnumerable<JsonRow> OfArray(byte[] bytes, string name)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(bytes, s_options);
        }
        catch (JsonException error)
        {
            throw new CorpusException(FormattableString.Invariant($"{name}, line {error.LineNumber + 1}, is not valid JSON; expected one array of objects, or one object a line."), error);
        }
        using (document)
        {
            int number = 0;
            foreach (JsonElement element in document.RootElement.EnumerateArray())
            {
                yield return Object(element, FormattableString.Invariant($"{name}, row {++number}"));
            }
        }
    }

    private static IEnumerable<JsonRow> OfLines(byte[] bytes, string name)
    {
        int number = 0;
        for (int start = 0; start < bytes.Length;)
        {
            int length = bytes.AsSpan(start).IndexOf((byte)'\n');
            ReadOnlyMemory<byte> line = bytes.AsMemory(start, length < 0 ? bytes.Length - start : length);
            start += line.Length + 1;
            string place = FormattableString.Invariant($"{name}, line {++number}");
            if (!Utf8Text.IsBlank(line.Span))
            {
                yield return Line(line, place);
            }
        }
    }

    private static JsonRow Line(ReadOnlyMemory<byte> line, string place)
    {
        try
        {
            using var document = JsonDocument.Parse(line, s_options);
            return Object(document.RootElement, place);
        }
        catch (JsonException error)
        {
            throw new CorpusException(FormattableString.Invariant($"{place}, is not valid JSON (byte {error.BytePositionInLine} of the line); every line must be one JSON object."), error);
        }
    }

    private static JsonRow Object(JsonElement element, string place) => element.ValueKind == JsonValueKind.Object
        ? new JsonRow(element.Clone(), place)
        : throw new CorpusException($"{place}, holds {Describe(element)} where a JSON object was expected.");

    private static byte[] ReadAll(CorpusFile file)
    {
        using var stream = new CorpusStream(file);
        using var whole = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        for (int count = stream.Read(buffer); count > 0; count = stream.Read(buffer))
        {
            whole.Write(buffer, 0, count);
        }
        byte[] bytes = whole.ToArray();
        int valid = Utf8Text.ValidLength(bytes, out _);
        if (valid < bytes.Length)
        {
            throw Utf8Text.NotUtf8(file, valid, bytes);
        }
        return bytes.AsSpan().StartsWith(Utf8Text.ByteOrderMark) ? bytes[Utf8Text.ByteOrderMark.Length..] : bytes;
    }
}
