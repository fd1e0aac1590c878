using System.Text.Json;

namespace Foretell.Tensors.Files;

/// <summary>
/// Several safetensors files under one index, as large models are published: <c>model.safetensors.index.json</c> holds
/// <c>{"metadata": {...}, "weight_map": {"TENSOR": "FILE", ...}}</c>. The index decides what is there: a tensor of a shard that the index
/// leaves out is left out.
/// </summary>
public sealed class SafeTensorsShards : ISafeTensors
{
    private readonly string _path;
    private readonly List<SafeTensorsFile> _files;
    private readonly Dictionary<string, SafeTensorsFile> _fileOf;

    private SafeTensorsShards(string path, List<SafeTensorsFile> files, Dictionary<string, SafeTensorsFile> fileOf)
    {
        _path = path;
        _files = files;
        _fileOf = fileOf;
        Tensors = [.. files.SelectMany(file => file.Tensors.Where(info => fileOf.TryGetValue(info.Name, out SafeTensorsFile? owner) && owner == file))];
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string key, string text) in files.SelectMany(file => file.Metadata))
        {
            metadata.TryAdd(key, text);
        }
        Metadata = metadata;
    }

    public string Path => _path;

    /// <summary>The shards' metadata together; where two disagree, the first shard's.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Every tensor of the index, shard by shard in the order of the shards' names.</summary>
    public IReadOnlyList<SafeTensorInfo> Tensors { get; }

    /// <param name="indexPath">The index; the shards lie beside it.</param>
    /// <param name="key">For shards that are encrypted.</param>
    /// <exception cref="IOException">The index or a shard is missing or can't be read.</exception>
    /// <exception cref="InvalidDataException">The index or a shard breaks a rule; the message says which, in one sentence.</exception>
    public static SafeTensorsShards Open(string indexPath, WeightKey? key = null)
    {
        SortedDictionary<string, List<string>> namesOfShard = ReadWeightMap(indexPath);
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(indexPath))!;
        var files = new List<SafeTensorsFile>();
        try
        {
            var fileOf = new Dictionary<string, SafeTensorsFile>(StringComparer.Ordinal);
            foreach ((string shard, List<string> names) in namesOfShard)
            {
                var file = SafeTensorsFile.Open(System.IO.Path.Combine(folder, shard), key);
                files.Add(file);
                foreach (string name in names)
                {
                    if (!file.Contains(name))
                    {
                        throw Bad(indexPath, $"it places tensor \"{SafeTensorInfo.Shorten(name)}\" in {shard}, which does not have it");
                    }
                    fileOf.Add(name, file);
                }
            }
            return new SafeTensorsShards(indexPath, files, fileOf);
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    public IEnumerable<string> Names => Tensors.Select(tensor => tensor.Name);

    public bool Contains(string name) => _fileOf.ContainsKey(name);

    public SafeTensorInfo Info(string name) => FileOf(name).Info(name);

    public ReadOnlySpan<byte> Bytes(string name) => FileOf(name).Bytes(name);

    public ReadOnlySpan<byte> Bytes(string name, long offset, int length) => FileOf(name).Bytes(name, offset, length);

    public DType TypeOf(string name) => FileOf(name).TypeOf(name);

    public IReadOnlyList<long> ShapeOf(string name) => FileOf(name).ShapeOf(name);

    public Tensor Map(string name, TensorScope scope, long firstRow = 0, long? rows = null) => FileOf(name).Map(name, scope, firstRow, rows);

    public void Dispose() => _files.ForEach(file => file.Dispose());

    private SafeTensorsFile FileOf(string name) =>
        _fileOf.TryGetValue(name, out SafeTensorsFile? file)
            ? file
            : throw new KeyNotFoundException($"{_path} has no tensor \"{name}\".");

    private static SortedDictionary<string, List<string>> ReadWeightMap(string indexPath)
    {
        if (new FileInfo(indexPath).Length > SafeTensorsHeader.LargestLength)
        {
            throw Bad(indexPath, "it has more than 100 MB");
        }
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(indexPath));
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("weight_map", out JsonElement map)
                || map.ValueKind != JsonValueKind.Object)
            {
                throw Bad(indexPath, "it has no object \"weight_map\" from tensor names to file names");
            }
            var namesOfShard = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (JsonProperty property in map.EnumerateObject())
            {
                string? shard = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString() : null;
                // The index comes with the model, from anywhere: it may name files beside itself and nothing else.
                if (string.IsNullOrEmpty(shard) || shard is "." or ".." || shard.AsSpan().ContainsAny("/\\:\0"))
                {
                    throw Bad(indexPath, $"it places tensor \"{SafeTensorInfo.Shorten(property.Name)}\" in something that is not the name of a file beside it");
                }
                if (!seen.Add(property.Name))
                {
                    throw Bad(indexPath, $"tensor \"{SafeTensorInfo.Shorten(property.Name)}\" occurs twice");
                }
                if (!namesOfShard.TryGetValue(shard, out List<string>? names))
                {
                    namesOfShard.Add(shard, names = []);
                }
                names.Add(property.Name);
            }
            return namesOfShard;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw Bad(indexPath, "it is not valid JSON");
        }
    }

    private static InvalidDataException Bad(string path, string what) => new($"{path} is not a readable safetensors index: {what}.");
}
