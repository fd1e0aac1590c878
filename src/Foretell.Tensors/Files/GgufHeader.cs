using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Foretell.Tensors.Files;

/// <summary>
/// What stands before the data of a GGUF file, read as if the file were hostile: every count is held against the bytes that
/// are left before anything is allocated for it. The format: "GGUF", version, number of tensors, number of keys, the keys
/// with their values, the tensors' names, extents, types and offsets, padding, data; all little-endian.
/// <see href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md"/>
/// </summary>
internal ref struct GgufHeader
{
    private const int LongestName = 1 << 16;
    private const int LargestAlignment = 1 << 20;

    /// <summary>Bytes of a tensor's description without its name and extents: lengths, type, offset.</summary>
    private const int LeastTensorBytes = 8 + 4 + 4 + 8;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly long _fileLength;
    private readonly string _source;
    private int _position;

    private GgufHeader(ReadOnlySpan<byte> bytes, long fileLength, string source)
    {
        _bytes = bytes;
        _fileLength = fileLength;
        _source = source;
    }

    /// <param name="bytes">The file's bytes, or the first 2 GiB of them.</param>
    /// <param name="fileLength">Bytes of the whole file.</param>
    /// <param name="source">The file's name, for messages.</param>
    /// <exception cref="InvalidDataException">The file breaks a rule of the format.</exception>
    public static (int Version, GgufMetadata Metadata, List<GgufTensorInfo> Tensors) Parse(ReadOnlySpan<byte> bytes, long fileLength, string source)
    {
        var header = new GgufHeader(bytes, fileLength, source);
        return header.Read();
    }

    public static InvalidDataException Bad(string source, string what) => new($"{source} is not a readable GGUF file: {what}.");

    private readonly InvalidDataException Bad(string what) => Bad(_source, what);

    private (int Version, GgufMetadata Metadata, List<GgufTensorInfo> Tensors) Read()
    {
        if (!Take(4, "the magic").SequenceEqual("GGUF"u8))
        {
            throw Bad("it does not begin with \"GGUF\"");
        }
        uint version = ReadUInt32("the version");
        if (version is not (2 or 3))
        {
            throw Bad(BinaryPrimitives.ReverseEndianness(version) is 2 or 3
                ? "it is big-endian, and only little-endian files are read"
                : string.Create(CultureInfo.InvariantCulture, $"it is of version {version}, and versions 2 and 3 are read"));
        }
        ulong tensorCount = ReadUInt64("the number of tensors");
        ulong keyCount = ReadUInt64("the number of keys");
        NeedRoom(tensorCount, LeastTensorBytes, "tensors");
        NeedRoom(keyCount, 8 + 4 + 1, "keys");
        var metadata = new GgufMetadata(_source);
        for (ulong index = 0; index < keyCount; index++)
        {
            string key = ReadText("a key's name", LongestName);
            if (metadata.Contains(key))
            {
                throw Bad($"the key \"{SafeTensorInfo.Shorten(key)}\" occurs twice");
            }
            string quoted = $"the key \"{SafeTensorInfo.Shorten(key)}\"";
            metadata.Add(key, ReadValue(quoted));
        }
        return ((int)version, metadata, ReadTensors(tensorCount, AlignmentOf(metadata)));
    }

    private readonly int AlignmentOf(GgufMetadata metadata)
    {
        long alignment = metadata.Integer(GgufMetadata.Alignment, 1, LargestAlignment) ?? GgufMetadata.DefaultAlignment;
        return long.IsPow2(alignment) ? (int)alignment : throw Bad(string.Create(CultureInfo.InvariantCulture, $"the alignment {alignment} is no power of two"));
    }

    private List<GgufTensorInfo> ReadTensors(ulong count, int alignment)
    {
        var tensors = new List<GgufTensorInfo>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (ulong index = 0; index < count; index++)
        {
            string name = ReadText("a tensor's name", LongestName);
            if (!seen.Add(name))
            {
                throw Bad($"the tensor \"{SafeTensorInfo.Shorten(name)}\" occurs twice");
            }
            string quoted = $"the tensor \"{SafeTensorInfo.Shorten(name)}\"";
            uint rank = ReadUInt32($"the number of axes of {quoted}");
            if (rank is 0 or > Shape.MaximumRank)
            {
                throw Bad(string.Create(CultureInfo.InvariantCulture, $"{quoted} has {rank} axes, where 1 to {Shape.MaximumRank} are possible"));
            }
            long[] shape = new long[rank];
            Int128 elements = 1;
            for (int axis = shape.Length - 1; axis >= 0; axis--)
            {
                ulong extent = ReadUInt64($"the extents of {quoted}");
                elements *= extent;
                if (extent == 0 || elements > long.MaxValue / 16)
                {
                    throw Bad(string.Create(CultureInfo.InvariantCulture, $"{quoted} has the extent {extent}, which makes it {(extent == 0 ? "empty" : "larger than any file")}"));
                }
                shape[axis] = (long)extent;
            }
            uint id = ReadUInt32($"the type of {quoted}");
            GgufType type = GgufType.Of(id) ?? throw Bad(string.Create(CultureInfo.InvariantCulture, $"{quoted} is of the unknown type {id}"));
            if (shape[^1] % type.BlockLength != 0)
            {
                throw Bad(string.Create(CultureInfo.InvariantCulture, $"{quoted} has rows of {shape[^1]} elements, which are not whole blocks of {type.BlockLength}, as {type.Name} has them"));
            }
            ulong offset = ReadUInt64($"the offset of {quoted}");
            if (offset > long.MaxValue / 4 || (long)offset % alignment != 0)
            {
                throw Bad(string.Create(CultureInfo.InvariantCulture, $"{quoted} begins at byte {offset} of the data, which is not aligned to {alignment}"));
            }
            tensors.Add(new GgufTensorInfo(name, type, shape, (long)elements / type.BlockLength * type.BlockBytes, (long)offset));
        }
        return Place(tensors, alignment);
    }

    /// <summary>Gives every tensor its place in the file and holds that none reaches into another or behind the end.</summary>
    private readonly List<GgufTensorInfo> Place(List<GgufTensorInfo> tensors, int alignment)
    {
        long dataStart = ((long)_position + alignment - 1) / alignment * alignment;
        List<GgufTensorInfo> placed = [.. tensors.Select(tensor => tensor with { Offset = dataStart + tensor.Offset })];
        long covered = dataStart;
        foreach (GgufTensorInfo tensor in placed.OrderBy(tensor => tensor.Offset))
        {
            if (tensor.Offset < covered)
            {
                throw Bad(string.Create(CultureInfo.InvariantCulture, $"the tensor \"{SafeTensorInfo.Shorten(tensor.Name)}\" begins at byte {tensor.Offset - dataStart} of the data, inside the tensor before it, which ends at {covered - dataStart}"));
            }
            covered = tensor.Offset + tensor.ByteCount;
            if (covered > _fileLength)
            {
                throw Bad(string.Create(CultureInfo.InvariantCulture, $"the tensor \"{SafeTensorInfo.Shorten(tensor.Name)}\" ends at byte {covered}, but the file at {_fileLength}, so it is truncated"));
            }
        }
        return placed;
    }

    private object ReadValue(string quoted)
    {
        GgufValueType type = ReadType(quoted);
        if (type != GgufValueType.Array)
        {
            return type switch
            {
                GgufValueType.UInt8 => Take(1, quoted)[0],
                GgufValueType.Int8 => (sbyte)Take(1, quoted)[0],
                GgufValueType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(Take(2, quoted)),
                GgufValueType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(Take(2, quoted)),
                GgufValueType.UInt32 => ReadUInt32(quoted),
                GgufValueType.Int32 => (int)ReadUInt32(quoted),
                GgufValueType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(Take(4, quoted)),
                GgufValueType.Bool => ReadBool(quoted),
                GgufValueType.String => ReadText(quoted, int.MaxValue),
                GgufValueType.UInt64 => ReadUInt64(quoted),
                GgufValueType.Int64 => (long)ReadUInt64(quoted),
                _ => BinaryPrimitives.ReadDoubleLittleEndian(Take(8, quoted)),
            };
        }
        GgufValueType element = ReadType(quoted);
        if (element == GgufValueType.Array)
        {
            throw Bad($"{quoted} is a list of lists, which no model needs");
        }
        ulong count = ReadUInt64(quoted);
        NeedRoom(count, GgufValueTypes.Size(element), $"elements of {quoted}");
        return element switch
        {
            GgufValueType.UInt8 => Take((int)count, quoted).ToArray(),
            GgufValueType.Int8 => ReadList<sbyte>((int)count, quoted),
            GgufValueType.UInt16 => ReadList<ushort>((int)count, quoted),
            GgufValueType.Int16 => ReadList<short>((int)count, quoted),
            GgufValueType.UInt32 => ReadList<uint>((int)count, quoted),
            GgufValueType.Int32 => ReadList<int>((int)count, quoted),
            GgufValueType.Float32 => ReadList<float>((int)count, quoted),
            GgufValueType.UInt64 => ReadList<ulong>((int)count, quoted),
            GgufValueType.Int64 => ReadList<long>((int)count, quoted),
            GgufValueType.Float64 => ReadList<double>((int)count, quoted),
            GgufValueType.Bool => ReadBools((int)count, quoted),
            _ => ReadTexts((int)count, quoted),
        };
    }

    private GgufValueType ReadType(string quoted)
    {
        uint type = ReadUInt32(quoted);
        return type <= (uint)GgufValueType.Float64
            ? (GgufValueType)type
            : throw Bad(string.Create(CultureInfo.InvariantCulture, $"{quoted} is of the unknown type {type}"));
    }

    private T[] ReadList<T>(int count, string what)
        where T : unmanaged
    {
        // The format is little-endian, as is every machine that .NET 10 runs on but one, where files are refused above all.
        ReadOnlySpan<byte> bytes = Take(checked(count * Marshal.SizeOf<T>()), what);
        return MemoryMarshal.Cast<byte, T>(bytes).ToArray();
    }

    private bool[] ReadBools(int count, string what)
    {
        bool[] flags = new bool[count];
        for (int index = 0; index < count; index++)
        {
            flags[index] = ReadBool(what);
        }
        return flags;
    }

    private string[] ReadTexts(int count, string what)
    {
        string[] texts = new string[count];
        for (int index = 0; index < count; index++)
        {
            texts[index] = ReadText(what, int.MaxValue);
        }
        return texts;
    }

    private bool ReadBool(string what) => Take(1, what)[0] switch
    {
        0 => false,
        1 => true,
        byte other => throw Bad(string.Create(CultureInfo.InvariantCulture, $"{what} holds {other} where true (1) or false (0) stands")),
    };

    private string ReadText(string what, int longest)
    {
        ulong length = ReadUInt64(what);
        if (length > (ulong)longest)
        {
            throw Bad(string.Create(CultureInfo.InvariantCulture, $"{what} announces {length} bytes, where {longest} are possible"));
        }
        ReadOnlySpan<byte> utf8 = Take((int)length, what);
        return System.Text.Unicode.Utf8.IsValid(utf8) ? Encoding.UTF8.GetString(utf8) : throw Bad($"{what} is not valid UTF-8");
    }

    private uint ReadUInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    private ulong ReadUInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    private readonly void NeedRoom(ulong count, int leastBytes, string what)
    {
        int left = _bytes.Length - _position;
        if (count > (ulong)(left / leastBytes))
        {
            throw Bad(string.Create(CultureInfo.InvariantCulture, $"it announces {count} {what}, for which the {left} bytes that follow have no room"));
        }
    }

    private ReadOnlySpan<byte> Take(int count, string what)
    {
        if (count > _bytes.Length - _position)
        {
            throw Bad($"it ends inside {what}, so it is truncated");
        }
        ReadOnlySpan<byte> taken = _bytes.Slice(_position, count);
        _position += count;
        return taken;
    }
}
