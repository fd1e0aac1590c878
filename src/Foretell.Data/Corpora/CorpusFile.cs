namespace Foretell.Data;

/// <summary>How a file's bytes become documents.</summary>
public enum CorpusFormat
{
    /// <summary>Documents end at the end-of-text marker.</summary>
    Text,

    /// <summary>One JSON object a line, a document in one of its fields.</summary>
    JsonLines,
}

/// <summary>One file of a corpus.</summary>
/// <param name="FullPath">Where it is.</param>
/// <param name="Name">As its user named it, for messages and the manifest.</param>
/// <param name="Format">.jsonl is <see cref="CorpusFormat.JsonLines"/>, anything else <see cref="CorpusFormat.Text"/>.</param>
/// <param name="IsCompressed">Whether it ends in .gz.</param>
/// <param name="Bytes">Its length on disk.</param>
public sealed record CorpusFile(string FullPath, string Name, CorpusFormat Format, bool IsCompressed, long Bytes)
{
    internal static CorpusFile At(string path)
    {
        bool isCompressed = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        string inner = isCompressed ? path[..^3] : path;
        CorpusFormat format = inner.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase) ? CorpusFormat.JsonLines : CorpusFormat.Text;
        long bytes = new FileInfo(path).Length;
        return bytes > 0
            ? new CorpusFile(Path.GetFullPath(path), path.Replace('\\', '/'), format, isCompressed, bytes)
            : throw new CorpusException($"{path} is empty (0 bytes); remove it from the corpus or fill it.");
    }
}
