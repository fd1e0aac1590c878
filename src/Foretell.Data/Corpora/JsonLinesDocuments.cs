using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Foretell.Data;

/// <summary>The documents of a .jsonl file: one field of one object a line; blank lines and blank texts are passed over. A line is held whole.</summary>
internal sealed class JsonLinesDocuments(CorpusFile file, CorpusStream stream, CorpusOptions options)
{
    private const int LongestLine = 1 << 28;
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 256 };
    private readonly byte[] _field = Encoding.UTF8.GetBytes(options.TextField);
    private byte[] _buffer = new byte[1 << 16];
    private long _bufferOffset;
    private long _lineNumber;

    public IEnumerable<DocumentPiece> Read()
    {
        int start = 0, length = 0;
        while (true)
        {
            int lineLength = _buffer.AsSpan(start, length - start).IndexOf((byte)'\n');
            bool isLast = false;
            while (lineLength < 0 && !isLast)
            {
                Shift(ref start, ref length);
                int count = stream.Read(_buffer.AsSpan(length));
                lineLength = _buffer.AsSpan(length, count).IndexOf((byte)'\n');
                lineLength = lineLength < 0 ? -1 : lineLength + length;
                length += count;
                isLast = count == 0;
            }
            lineLength = isLast ? length - start : lineLength;
            _lineNumber++;
            byte[]? text = Parse(_buffer.AsSpan(start, lineLength), _bufferOffset + start);
            if (text is not null)
            {
                yield return new DocumentPiece(text, EndsDocument: true);
            }
            if (isLast)
            {
                yield break;
            }
            start += lineLength + 1;
        }
    }

    /// <summary>Moves the unread bytes to the buffer's beginning and makes room behind them.</summary>
    private void Shift(ref int start, ref int length)
    {
        _buffer.AsSpan(start, length - start).CopyTo(_buffer);
        _bufferOffset += start;
        length -= start;
        start = 0;
        if (length < _buffer.Length)
        {
            return;
        }
        if (length >= LongestLine)
        {
            throw Wrong($"is longer than {LongestLine / (1 << 20)} MiB; is this one JSON object a line?");
        }
        Array.Resize(ref _buffer, 2 * _buffer.Length);
    }

    private byte[]? Parse(ReadOnlySpan<byte> line, long offset)
    {
        if (!Utf8.IsValid(line))
        {
            throw Utf8Text.NotUtf8(file, offset + Utf8Text.ValidLength(line, out _), offset == 0 ? line : []);
        }
        if (offset == 0 && line.StartsWith(Utf8Text.ByteOrderMark))
        {
            line = line[Utf8Text.ByteOrderMark.Length..];
        }
        if (Utf8Text.IsBlank(line))
        {
            return null;
        }
        try
        {
            return TextOf(line);
        }
        catch (JsonException wrong)
        {
            throw Wrong($"is not valid JSON (byte {wrong.BytePositionInLine} of the line); every line must be one JSON object.", wrong);
        }
    }

    private byte[]? TextOf(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line, ReaderOptions);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Wrong($"holds {Describe(reader.TokenType)} where a JSON object with the field \"{options.TextField}\" was expected.");
        }
        byte[]? text = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isField = reader.ValueTextEquals(_field);
            reader.Read();
            if (isField)
            {
                text = Value(ref reader);
            }
            reader.Skip();
        }
        // Reading on finds what follows the object, which must be nothing.
        while (reader.Read())
        {
        }
        if (text is null)
        {
            throw Wrong($"has no field \"{options.TextField}\"; the fields there are {FieldNames(line)}.");
        }
        return Utf8Text.IsBlank(text) ? null : text;
    }

    private byte[] Value(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            throw Wrong($"has {Describe(reader.TokenType)} in the field \"{options.TextField}\" where a string was expected.");
        }
        byte[] text = new byte[reader.ValueSpan.Length];
        try
        {
            return text[..reader.CopyString(text)];
        }
        catch (InvalidOperationException wrong)
        {
            throw Wrong($"has an escape of half a character (an unpaired surrogate) in the field \"{options.TextField}\"; write whole characters.", wrong);
        }
    }

    private static string FieldNames(ReadOnlySpan<byte> line)
    {
        using JsonDocument document = JsonDocument.Parse(line.ToArray(), new JsonDocumentOptions { MaxDepth = ReaderOptions.MaxDepth });
        string[] names = [.. document.RootElement.EnumerateObject().Select(property => $"\"{property.Name}\"")];
        return names.Length == 0 ? "none" : names.Length > 12 ? string.Join(", ", names[..12]) + ", ..." : string.Join(", ", names);
    }

    private static string Describe(JsonTokenType type) => type switch
    {
        JsonTokenType.StartArray => "an array",
        JsonTokenType.StartObject => "an object",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.Null => "null",
        _ => "true or false",
    };

    private CorpusException Wrong(string what, Exception? cause = null) =>
        new(FormattableString.Invariant($"{file.Name}, line {_lineNumber}, {what}"), cause);
}
