using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace Foretell.Tensors.Files;

/// <summary>
/// The JSON header of a safetensors file, read as if the file were hostile: every number is checked before it is used.
/// The format: 8 bytes little-endian header length, the header (an object: tensor name to dtype, shape and data_offsets, and
/// optionally "__metadata__", a text-to-text object), then the data, which the tensors cover without overlap or hole.
/// <see href="https://github.com/huggingface/safetensors#format"/>
/// </summary>
internal sealed class SafeTensorsHeader
{
    public const int LengthBytes = 8;
    public const long LargestLength = 100_000_000;
    public const string MetadataName = "__metadata__";

    /// <summary>A tensor and where its data begins, relative to the first byte after the header.</summary>
    public readonly record struct Entry(SafeTensorInfo Info, long Begin, long End);

    private readonly string _source;
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly List<Entry> _entries = [];

    private SafeTensorsHeader(string source) => _source = source;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>In the order of the data.</summary>
    public IReadOnlyList<Entry> Entries => _entries;

    /// <param name="json">The header's bytes, without the length before them.</param>
    /// <param name="dataLength">Bytes of the file after the header.</param>
    /// <param name="source">The file's name, for messages.</param>
    /// <exception cref="InvalidDataException">The header breaks a rule of the format.</exception>
    public static SafeTensorsHeader Parse(ReadOnlySpan<byte> json, long dataLength, string source)
    {
        var header = new SafeTensorsHeader(source);
        try
        {
            header.Read(json);
        }
        catch (JsonException error)
        {
            throw header.Bad($"its header is not valid JSON (byte {((error.BytePositionInLine ?? 0) + 1).ToString(CultureInfo.InvariantCulture)} of line {((error.LineNumber ?? 0) + 1).ToString(CultureInfo.InvariantCulture)})");
        }
        header.CheckRanges(dataLength);
        return header;
    }

    public static InvalidDataException Bad(string source, string what) =>
        new($"{source} is not a readable safetensors file: {what}.");

    private InvalidDataException Bad(string what) => Bad(_source, what);

    private void Read(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty || json[0] != (byte)'{')
        {
            throw Bad("its header does not start with '{'");
        }
        if (!Utf8.IsValid(json))
        {
            throw Bad("its header is not valid UTF-8");
        }
        var reader = new Utf8JsonReader(json);
        reader.Read();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string name = Text(ref reader, "a tensor's name");
            if (!seen.Add(name))
            {
                throw Bad($"the name \"{SafeTensorInfo.Shorten(name)}\" occurs twice");
            }
            reader.Read();
            if (name == MetadataName)
            {
                ReadMetadata(ref reader);
            }
            else
            {
                ReadTensor(ref reader, name);
            }
        }
        // Anything but white space after the object is a JsonException here.
        reader.Read();
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Bad($"\"{MetadataName}\" is not an object of texts");
        }
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string key = Text(ref reader, "a metadata key");
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
            {
                throw Bad($"the metadata \"{SafeTensorInfo.Shorten(key)}\" is not a text");
            }
            if (!_metadata.TryAdd(key, Text(ref reader, "a metadata text")))
            {
                throw Bad($"the metadata \"{SafeTensorInfo.Shorten(key)}\" occurs twice");
            }
        }
    }

    private void ReadTensor(ref Utf8JsonReader reader, string name)
    {
        string quoted = $"tensor \"{SafeTensorInfo.Shorten(name)}\"";
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Bad($"{quoted} is not described by an object");
        }
        string? dtype = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string field = Text(ref reader, "a field's name");
            bool twice = field switch { "dtype" => dtype is not null, "shape" => shape is not null, "data_offsets" => offsets is not null, _ => false };
            if (twice)
            {
                throw Bad($"{quoted} has two fields \"{field}\"");
            }
            reader.Read();
            switch (field)
            {
                case "dtype":
                    dtype = reader.TokenType == JsonTokenType.String ? Text(ref reader, "a dtype") : throw Bad($"{quoted} has a dtype that is not a text");
                    break;
                case "shape":
                    shape = Numbers(ref reader, quoted, field);
                    break;
                case "data_offsets":
                    offsets = Numbers(ref reader, quoted, field);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        if (dtype is null || shape is null || offsets is not [long begin, long end])
        {
            throw Bad($"{quoted} needs a dtype, a shape and two data_offsets");
        }
        (long bytes, string? error) = SafeTensorInfo.SizeOf(dtype, shape);
        if (error is not null)
        {
            throw Bad($"{quoted} {error}");
        }
        if (end < begin || end - begin != bytes)
        {
            throw Bad(string.Create(CultureInfo.InvariantCulture, $"{quoted} spans the bytes {begin} to {end}, but {SafeTensorInfo.Format(shape)} of {dtype} needs {bytes} bytes"));
        }
        _entries.Add(new Entry(new SafeTensorInfo(name, dtype, shape, bytes), begin, end));
    }

    private List<long> Numbers(ref Utf8JsonReader reader, string quoted, string field)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw Bad($"{quoted} has a {field} that is not a list");
        }
        var numbers = new List<long>(4);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
            {
                throw Bad($"{quoted} has a {field} that is not a list of whole numbers from 0 to 2^63 - 1");
            }
            numbers.Add(number);
        }
        return numbers;
    }

    private string Text(ref Utf8JsonReader reader, string what)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Bad($"{what} in its header holds a broken surrogate pair");
        }
    }

    private void CheckRanges(long dataLength)
    {
        _entries.Sort((left, right) =>
        {
            int byBegin = left.Begin.CompareTo(right.Begin);
            int byEnd = byBegin != 0 ? byBegin : left.End.CompareTo(right.End);
            return byEnd != 0 ? byEnd : string.CompareOrdinal(left.Info.Name, right.Info.Name);
        });
        long covered = 0;
        foreach (Entry entry in _entries)
        {
            if (entry.Begin != covered)
            {
                string problem = entry.Begin < covered ? "overlaps the tensor before it" : "leaves a hole before it";
                throw Bad(string.Create(CultureInfo.InvariantCulture, $"tensor \"{SafeTensorInfo.Shorten(entry.Info.Name)}\" begins at byte {entry.Begin} of the data where {covered} was expected, so it {problem}"));
            }
            covered = entry.End;
        }
        if (covered != dataLength)
        {
            string problem = covered > dataLength ? "it is truncated" : "something follows the last tensor";
            throw Bad(string.Create(CultureInfo.InvariantCulture, $"the tensors cover {covered} bytes but {dataLength} bytes follow the header, so {problem}"));
        }
    }
}
