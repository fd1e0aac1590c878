using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Foretell.Tensors.Files;

/// <summary>A tensor to be written.</summary>
/// <param name="Name">Unique in its file, and not "__metadata__".</param>
/// <param name="DType">The format's own name of the element type: "F32", "BF16", ...</param>
/// <param name="Shape">Extents, outermost first; empty for a scalar.</param>
/// <param name="WriteTo">Writes exactly the tensor's bytes, little-endian and row-major; called once.</param>
public sealed record SafeTensorSource(string Name, string DType, IReadOnlyList<long> Shape, Action<Stream> WriteTo)
{
    /// <summary>A tensor whose bytes lie in memory.</summary>
    public SafeTensorSource(string name, string dtype, IReadOnlyList<long> shape, ReadOnlyMemory<byte> bytes)
        : this(name, dtype, shape, stream => stream.Write(bytes.Span))
    {
    }
}

/// <summary>
/// Writes safetensors files, tensor by tensor without holding them, atomically (<see cref="AtomicFile"/>). The order is that
/// of the reference implementation, wide elements first and then by name, so that every tensor is aligned to its elements
/// and the same tensors give the same bytes whatever order they came in.
/// </summary>
public static class SafeTensorsWriter
{
    private const int Alignment = 8;

    /// <param name="path">The file to create or replace.</param>
    /// <param name="tensors">In any order.</param>
    /// <param name="metadata">Free text, name to text, or null. Readers in Python expect <c>format: pt</c>.</param>
    /// <param name="key">To write the file encrypted.</param>
    /// <exception cref="ArgumentException">A name occurs twice or is reserved, or an element type or a shape isn't valid; nothing is written.</exception>
    /// <exception cref="InvalidOperationException">A source wrote fewer or more bytes than its shape needs; nothing is written.</exception>
    public static void Write(string path, IEnumerable<SafeTensorSource> tensors, IReadOnlyDictionary<string, string>? metadata = null, WeightKey? key = null)
    {
        List<(SafeTensorSource Source, long Bytes)> ordered = Order(tensors);
        byte[] header = Header(ordered, metadata);
        EncryptedFile.Write(path, key, stream =>
        {
            Span<byte> length = stackalloc byte[SafeTensorsHeader.LengthBytes];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach ((SafeTensorSource source, long bytes) in ordered)
            {
                long before = stream.Position;
                source.WriteTo(stream);
                if (stream.Position - before != bytes)
                {
                    throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"Tensor \"{source.Name}\" was to be {bytes} bytes ({SafeTensorInfo.Format(source.Shape)} of {source.DType}), but its source wrote {stream.Position - before}."));
                }
            }
        });
    }

    private static List<(SafeTensorSource Source, long Bytes)> Order(IEnumerable<SafeTensorSource> tensors)
    {
        var ordered = new List<(SafeTensorSource Source, long Bytes)>();
        var seen = new HashSet<string>(StringComparer.Ordinal) { SafeTensorsHeader.MetadataName };
        foreach (SafeTensorSource source in tensors)
        {
            if (!seen.Add(source.Name))
            {
                throw new ArgumentException($"The tensor name \"{source.Name}\" is reserved or occurs twice; give every tensor its own name.", nameof(tensors));
            }
            (long bytes, string? error) = SafeTensorInfo.SizeOf(source.DType, source.Shape);
            if (error is not null)
            {
                throw new ArgumentException($"Tensor \"{source.Name}\" {error}.", nameof(tensors));
            }
            ordered.Add((source, bytes));
        }
        ordered.Sort((left, right) =>
        {
            int byWidth = SafeTensorInfo.BitsOf(right.Source.DType)!.Value.CompareTo(SafeTensorInfo.BitsOf(left.Source.DType)!.Value);
            return byWidth != 0 ? byWidth : string.CompareOrdinal(left.Source.Name, right.Source.Name);
        });
        return ordered;
    }

    private static byte[] Header(List<(SafeTensorSource Source, long Bytes)> ordered, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        // Every name is data here, never markup, so only what JSON itself demands is escaped.
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(SafeTensorsHeader.MetadataName);
                foreach ((string key, string text) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    json.WriteString(key, text);
                }
                json.WriteEndObject();
            }
            long offset = 0;
            foreach ((SafeTensorSource source, long bytes) in ordered)
            {
                json.WriteStartObject(source.Name);
                json.WriteString("dtype", source.DType);
                json.WriteStartArray("shape");
                foreach (long extent in source.Shape)
                {
                    json.WriteNumberValue(extent);
                }
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(checked(offset += bytes));
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        int padding = (Alignment - buffer.WrittenCount % Alignment) % Alignment;
        buffer.GetSpan(padding)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        return buffer.WrittenCount <= SafeTensorsHeader.LargestLength
            ? buffer.WrittenSpan.ToArray()
            : throw new ArgumentException($"{ordered.Count.ToString(CultureInfo.InvariantCulture)} tensors need a header of more than the format's 100 MB; write them as several files.", nameof(ordered));
    }
}
