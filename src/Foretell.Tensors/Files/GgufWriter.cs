using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Foretell.Tensors.Files;

/// <summary>A tensor to be written.</summary>
/// <param name="Name">Unique in its file; at most 63 bytes of UTF-8, as GGML holds them.</param>
/// <param name="Type">Of the elements.</param>
/// <param name="Shape">Extents, outermost first, one to four of 1 or more; rows are whole blocks.</param>
/// <param name="WriteTo">Writes exactly the tensor's bytes, row-major; called once.</param>
public sealed record GgufTensorSource(string Name, DType Type, IReadOnlyList<long> Shape, Action<Stream> WriteTo)
{
    /// <summary>Bytes of all blocks.</summary>
    public long ByteCount
    {
        get
        {
            long elements = 1;
            foreach (long extent in Shape)
            {
                elements = checked(elements * extent);
            }
            return Type.Bytes(elements);
        }
    }
}

/// <summary>Writes GGUF files of version 3, tensor by tensor without holding them, atomically (<see cref="AtomicFile"/>).</summary>
public static class GgufWriter
{
    private const int Version = 3;
    private const int LongestTensorName = 63;

    /// <param name="path">The file to create or replace.</param>
    /// <param name="metadata">Written in its own order; <see cref="GgufMetadata.Alignment"/> decides how tensors are aligned.</param>
    /// <param name="tensors">In the order in which they are to lie.</param>
    /// <param name="key">To write the file encrypted.</param>
    /// <exception cref="ArgumentException">A name occurs twice or is too long, or a shape isn't valid; nothing is written.</exception>
    /// <exception cref="InvalidOperationException">A source wrote fewer or more bytes than its shape needs; nothing is written.</exception>
    public static void Write(string path, GgufMetadata metadata, IReadOnlyList<GgufTensorSource> tensors, WeightKey? key = null)
    {
        int alignment = (int)(metadata.Integer(GgufMetadata.Alignment, 8, 1 << 20) ?? GgufMetadata.DefaultAlignment);
        if (!int.IsPow2(alignment))
        {
            throw new ArgumentException($"The alignment {alignment.ToString(CultureInfo.InvariantCulture)} is no power of two.", nameof(metadata));
        }
        Check(tensors);
        byte[] header = Header(metadata, tensors, alignment);
        byte[] padding = new byte[alignment];
        EncryptedFile.Write(path, key, stream =>
        {
            stream.Write(header);
            foreach (GgufTensorSource source in tensors)
            {
                long before = stream.Position;
                source.WriteTo(stream);
                if (stream.Position - before != source.ByteCount)
                {
                    throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"Tensor \"{source.Name}\" was to be {source.ByteCount} bytes ({SafeTensorInfo.Format(source.Shape)} of {source.Type}), but its source wrote {stream.Position - before}."));
                }
                stream.Write(padding.AsSpan(0, (int)(Aligned(stream.Position, alignment) - stream.Position)));
            }
        });
    }

    private static void Check(IReadOnlyList<GgufTensorSource> tensors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (GgufTensorSource source in tensors)
        {
            if (!seen.Add(source.Name))
            {
                throw new ArgumentException($"The tensor name \"{source.Name}\" occurs twice; give every tensor its own name.", nameof(tensors));
            }
            if (Encoding.UTF8.GetByteCount(source.Name) > LongestTensorName)
            {
                throw new ArgumentException($"The tensor name \"{source.Name}\" is longer than the {LongestTensorName} bytes that GGML holds.", nameof(tensors));
            }
            if (source.Shape.Count is 0 or > Shape.MaximumRank || source.Shape.Any(extent => extent < 1) || source.Shape[^1] % source.Type.BlockLength() != 0)
            {
                throw new ArgumentException($"Tensor \"{source.Name}\" is {SafeTensorInfo.Format(source.Shape)} of {source.Type}; wanted one to four axes of 1 or more, and rows of whole blocks.", nameof(tensors));
            }
        }
    }

    private static byte[] Header(GgufMetadata metadata, IReadOnlyList<GgufTensorSource> tensors, int alignment)
    {
        using var buffer = new MemoryStream();
        using var writer = new BinaryWriter(buffer);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)metadata.Keys.Count);
        foreach (string key in metadata.Keys)
        {
            WriteText(writer, key);
            object value = metadata[key];
            writer.Write((int)GgufValueTypes.Of(value)!.Value);
            WriteValue(writer, value);
        }
        long offset = 0;
        foreach (GgufTensorSource source in tensors)
        {
            WriteText(writer, source.Name);
            writer.Write(source.Shape.Count);
            foreach (long extent in source.Shape.Reverse())
            {
                writer.Write((ulong)extent);
            }
            writer.Write(GgufType.Of(source.Type).Id);
            writer.Write((ulong)offset);
            offset = Aligned(offset + source.ByteCount, alignment);
        }
        writer.Write(new byte[Aligned(buffer.Position, alignment) - buffer.Position]);
        return buffer.ToArray();
    }

    private static void WriteValue(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case Array list:
                writer.Write((int)GgufValueTypes.OfElement(list.GetType().GetElementType()!)!.Value);
                writer.Write((ulong)list.Length);
                WriteElements(writer, list);
                break;
            case string text:
                WriteText(writer, text);
                break;
            case bool flag:
                writer.Write(flag);
                break;
            case byte or sbyte or ushort or short or uint or int or ulong or long or float or double:
                WriteElements(writer, Single(value));
                break;
        }
    }

    private static Array Single(object value) => value switch
    {
        byte number => new[] { number },
        sbyte number => new[] { number },
        ushort number => new[] { number },
        short number => new[] { number },
        uint number => new[] { number },
        int number => new[] { number },
        ulong number => new[] { number },
        long number => new[] { number },
        float number => new[] { number },
        double number => new[] { number },
        _ => throw new ArgumentException($"A {value.GetType().Name} is no number."),
    };

    private static void WriteElements(BinaryWriter writer, Array list)
    {
        if (list is string[] texts)
        {
            foreach (string text in texts)
            {
                WriteText(writer, text);
            }
            return;
        }
        Type element = list.GetType().GetElementType()!;
        writer.Write(element == typeof(byte) ? (byte[])list
            : element == typeof(sbyte) ? Bytes<sbyte>(list)
            : element == typeof(bool) ? Bytes<bool>(list)
            : element == typeof(ushort) ? Bytes<ushort>(list)
            : element == typeof(short) ? Bytes<short>(list)
            : element == typeof(uint) ? Bytes<uint>(list)
            : element == typeof(int) ? Bytes<int>(list)
            : element == typeof(ulong) ? Bytes<ulong>(list)
            : element == typeof(long) ? Bytes<long>(list)
            : element == typeof(float) ? Bytes<float>(list)
            : Bytes<double>(list));
    }

    private static ReadOnlySpan<byte> Bytes<T>(Array list)
        where T : unmanaged => MemoryMarshal.AsBytes<T>((T[])list);

    private static void WriteText(BinaryWriter writer, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)utf8.Length);
        writer.Write(utf8);
    }

    private static long Aligned(long position, int alignment) => (position + alignment - 1) / alignment * alignment;
}
