namespace Foretell.Tensors.Files;

/// <summary>Opens safetensors weights in any of the forms in which they are published.</summary>
public static class SafeTensors
{
    public const string FileName = "model.safetensors";
    public const string IndexName = "model.safetensors.index.json";

    /// <param name="path">
    /// A <c>.safetensors</c> file, a <c>.safetensors.index.json</c> index, or a folder with <see cref="FileName"/> or <see cref="IndexName"/>.
    /// </param>
    /// <param name="key">For weights that are encrypted.</param>
    /// <exception cref="FileNotFoundException">There is no such file, or the folder has neither.</exception>
    /// <exception cref="InvalidDataException">A file breaks a rule of the format; the message says which, in one sentence.</exception>
    public static ISafeTensors Open(string path, WeightKey? key = null)
    {
        if (!Directory.Exists(path))
        {
            return path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? SafeTensorsShards.Open(path, key) : SafeTensorsFile.Open(path, key);
        }
        string file = Path.Combine(path, FileName);
        if (File.Exists(file))
        {
            return SafeTensorsFile.Open(file, key);
        }
        string index = Path.Combine(path, IndexName);
        return File.Exists(index)
            ? SafeTensorsShards.Open(index, key)
            : throw new FileNotFoundException($"The folder {path} has neither {FileName} nor {IndexName}; name a folder with a model in the Hugging Face form.");
    }
}
