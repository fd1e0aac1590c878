using Foretell.Tensors.Kernels;

namespace Foretell.Tensors.Files;

/// <summary>A GGUF file of version 2 or 3, memory-mapped, its header checked as a whole on opening.</summary>
public sealed class GgufFile : IWeightFile
{
    /// <summary>What the names of such files end in.</summary>
    public const string Extension = ".gguf";

    private readonly MappedFile _map;
    private readonly Dictionary<string, GgufTensorInfo> _byName;

    private GgufFile(MappedFile map, string path, int version, GgufMetadata metadata, List<GgufTensorInfo> tensors)
    {
        _map = map;
        Path = path;
        Version = version;
        Metadata = metadata;
        Tensors = tensors;
        _byName = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    public string Path { get; }

    /// <summary>2 or 3.</summary>
    public int Version { get; }

    public GgufMetadata Metadata { get; }

    /// <summary>Every tensor, in the order of the header.</summary>
    public IReadOnlyList<GgufTensorInfo> Tensors { get; }

    public IEnumerable<string> Names => Tensors.Select(tensor => tensor.Name);

    /// <summary>Whether a file begins as GGUF files do.</summary>
    /// <exception cref="IOException">The file is missing or can't be read.</exception>
    public static bool Looks(string path)
    {
        Span<byte> magic = stackalloc byte[4];
        using FileStream file = File.OpenRead(path);
        return file.ReadAtLeast(magic, 4, throwOnEndOfStream: false) == 4 && magic.SequenceEqual("GGUF"u8);
    }

    /// <param name="path">A file in the GGUF format.</param>
    /// <param name="key">For a file that is encrypted.</param>
    /// <exception cref="IOException">The file is missing or can't be read.</exception>
    /// <exception cref="InvalidDataException">The file breaks a rule of the format; the message says which, in one sentence.</exception>
    public static GgufFile Open(string path, WeightKey? key = null)
    {
        MappedFile map = MappedFile.Open(path, key);
        try
        {
            (int version, GgufMetadata metadata, List<GgufTensorInfo> tensors) = GgufHeader.Parse(map.Bytes(0, (int)Math.Min(map.Length, int.MaxValue)), map.Length, path);
            return new GgufFile(map, path, version, metadata, tensors);
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }

    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <exception cref="KeyNotFoundException">No tensor has this name; the message names the file.</exception>
    public GgufTensorInfo Info(string name) =>
        _byName.TryGetValue(name, out GgufTensorInfo? info) ? info : throw new KeyNotFoundException($"{Path} has no tensor \"{name}\".");

    public IReadOnlyList<long> ShapeOf(string name) => Info(name).Shape;

    public DType TypeOf(string name)
    {
        GgufType type = Info(name).Type;
        return type.Type ?? throw new InvalidDataException($"{Path}: the tensor \"{SafeTensorInfo.Shorten(name)}\" is of type {type.Name}, which is not among those that are computed with ({GgufType.Readable}); take a file quantized in one of them.");
    }

    public ReadOnlySpan<byte> Bytes(string name, long offset, int length)
    {
        GgufTensorInfo info = Info(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, info.ByteCount - length);
        return _map.Bytes(info.Offset + offset, length);
    }

    public Tensor Map(string name, TensorScope scope, long firstRow = 0, long? rows = null) =>
        WeightMapping.Map(_map, Path, name, TypeOf(name), ShapeOf(name), Info(name).Offset, scope, firstRow, rows);

    public void Dispose() => _map.Dispose();
}
