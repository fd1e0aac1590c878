using System.Buffers.Binary;
using System.Globalization;
using Foretell.Tensors.Kernels;

namespace Foretell.Tensors.Files;

/// <summary>
/// One safetensors file, memory-mapped and checked as a whole on opening: header length, JSON, element types, sizes,
/// and that the tensors cover the data exactly once.
/// </summary>
public sealed class SafeTensorsFile : ISafeTensors
{
    private readonly MappedFile _map;
    private readonly string _path;
    private readonly long _dataStart;
    private readonly SafeTensorsHeader _header;
    private readonly Dictionary<string, SafeTensorsHeader.Entry> _byName;

    private SafeTensorsFile(MappedFile map, string path, long dataStart, SafeTensorsHeader header)
    {
        _map = map;
        _path = path;
        _dataStart = dataStart;
        _header = header;
        _byName = header.Entries.ToDictionary(entry => entry.Info.Name, StringComparer.Ordinal);
        Tensors = [.. header.Entries.Select(entry => entry.Info)];
    }

    public string Path => _path;

    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    public IReadOnlyList<SafeTensorInfo> Tensors { get; }

    public IEnumerable<string> Names => Tensors.Select(tensor => tensor.Name);

    /// <param name="path">A file in the safetensors format.</param>
    /// <param name="key">For a file that is encrypted.</param>
    /// <exception cref="IOException">The file is missing or can't be read.</exception>
    /// <exception cref="InvalidDataException">The file breaks a rule of the format; the message says which, in one sentence.</exception>
    public static SafeTensorsFile Open(string path, WeightKey? key = null)
    {
        MappedFile map = MappedFile.Open(path, key);
        try
        {
            if (map.Length < SafeTensorsHeader.LengthBytes)
            {
                throw SafeTensorsHeader.Bad(path, string.Create(CultureInfo.InvariantCulture, $"it has {map.Length} bytes where the header's length alone takes {SafeTensorsHeader.LengthBytes}"));
            }
            ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(map.Bytes(0, SafeTensorsHeader.LengthBytes));
            if (headerLength > SafeTensorsHeader.LargestLength)
            {
                throw SafeTensorsHeader.Bad(path, string.Create(CultureInfo.InvariantCulture, $"it announces a header of {headerLength} bytes where the format allows {SafeTensorsHeader.LargestLength}"));
            }
            if (headerLength > (ulong)(map.Length - SafeTensorsHeader.LengthBytes))
            {
                throw SafeTensorsHeader.Bad(path, string.Create(CultureInfo.InvariantCulture, $"it announces a header of {headerLength} bytes but ends after {map.Length - SafeTensorsHeader.LengthBytes}, so it is truncated"));
            }
            long dataStart = SafeTensorsHeader.LengthBytes + (long)headerLength;
            var header = SafeTensorsHeader.Parse(map.Bytes(SafeTensorsHeader.LengthBytes, (int)headerLength), map.Length - dataStart, path);
            return new SafeTensorsFile(map, path, dataStart, header);
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }

    public bool Contains(string name) => _byName.ContainsKey(name);

    public SafeTensorInfo Info(string name) => Find(name).Info;

    public ReadOnlySpan<byte> Bytes(string name)
    {
        SafeTensorsHeader.Entry entry = Find(name);
        if (entry.Info.ByteCount > int.MaxValue)
        {
            throw new NotSupportedException(string.Create(CultureInfo.InvariantCulture, $"Tensor \"{name}\" has {entry.Info.ByteCount} bytes, more than one span can hold; read it in parts with Bytes(name, offset, length)."));
        }
        return _map.Bytes(_dataStart + entry.Begin, (int)entry.Info.ByteCount);
    }

    public ReadOnlySpan<byte> Bytes(string name, long offset, int length)
    {
        SafeTensorsHeader.Entry entry = Find(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, entry.Info.ByteCount - length);
        return _map.Bytes(_dataStart + entry.Begin + offset, length);
    }

    public IReadOnlyList<long> ShapeOf(string name) => Info(name).Shape;

    public DType TypeOf(string name) => Info(name).DType switch
    {
        "F32" => DType.Float32,
        "F16" => DType.Float16,
        "BF16" => DType.BFloat16,
        string other => throw new InvalidDataException($"{_path}: the tensor \"{SafeTensorInfo.Shorten(name)}\" is of type {other}, and F32, F16 and BF16 are those that are computed with."),
    };

    public Tensor Map(string name, TensorScope scope, long firstRow = 0, long? rows = null) =>
        WeightMapping.Map(_map, _path, name, TypeOf(name), ShapeOf(name), _dataStart + Find(name).Begin, scope, firstRow, rows);

    public void Dispose() => _map.Dispose();

    private SafeTensorsHeader.Entry Find(string name) =>
        _byName.TryGetValue(name, out SafeTensorsHeader.Entry entry)
            ? entry
            : throw new KeyNotFoundException($"{_path} has no tensor \"{name}\".");
}
