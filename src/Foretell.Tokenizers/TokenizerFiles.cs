namespace Foretell.Tokenizers;

/// <summary>Opens a tokenizer from whatever published form lies at a path.</summary>
public static class TokenizerFiles
{
    public const string JsonName = "tokenizer.json";

    /// <summary>
    /// Reads a tokenizer.json, a vocab.json with its merges.txt beside it, or a .tiktoken file; of a folder, the one that
    /// it holds, in that order.
    /// </summary>
    /// <exception cref="FileNotFoundException">There is no such file, or no tokenizer in the folder.</exception>
    /// <exception cref="FormatException">The file is malformed or of a kind that is not supported; the message says what and where.</exception>
    public static Tokenizer Load(string path)
    {
        if (Directory.Exists(path))
        {
            return Load(InFolder(path));
        }
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no tokenizer at {path}; give a tokenizer.json, a vocab.json beside a merges.txt, a .tiktoken file, or a folder that holds one.", path);
        }
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string name = Path.GetFileName(path);
        if (name.EndsWith(".tiktoken", StringComparison.OrdinalIgnoreCase))
        {
            return Tiktoken.Load(path);
        }
        if (name is "vocab.json" or "merges.txt")
        {
            string vocabulary = Path.Combine(folder, "vocab.json");
            string merges = Path.Combine(folder, "merges.txt");
            return File.Exists(vocabulary) && File.Exists(merges)
                ? VocabularyAndMerges.Load(vocabulary, merges)
                : throw new FileNotFoundException($"{path} needs {(name == "vocab.json" ? "merges.txt" : "vocab.json")} beside it.", path);
        }
        return TokenizerJson.Load(path);
    }

    private static string InFolder(string folder)
    {
        string[] candidates = [Path.Combine(folder, JsonName), Path.Combine(folder, "vocab.json"), .. Directory.EnumerateFiles(folder, "*.tiktoken").Order(StringComparer.Ordinal)];
        return Array.Find(candidates, File.Exists)
            ?? throw new FileNotFoundException($"There is no tokenizer in {folder}; expected a tokenizer.json, a vocab.json beside a merges.txt, or a .tiktoken file.", folder);
    }
}
