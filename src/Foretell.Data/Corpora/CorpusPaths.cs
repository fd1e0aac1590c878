using System.IO.Enumeration;

namespace Foretell.Data;

/// <summary>
/// Files, folders and globs to the files of a corpus, in the ordinal order of their full paths, each once.
/// A folder gives every .txt and .jsonl, plain or .gz, at any depth. A named file, or one that a glob matches, may have any extension.
/// Globs know <c>*</c>, <c>?</c> and <c>**</c> (any number of folders). Hidden files and linked folders are passed over.
/// </summary>
internal static class CorpusPaths
{
    private static readonly string[] Extensions = [".txt", ".jsonl", ".txt.gz", ".jsonl.gz"];

    public static IReadOnlyList<CorpusFile> Resolve(IEnumerable<string> paths)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        int count = 0;
        foreach (string path in paths)
        {
            count++;
            foreach (string file in Expand(path))
            {
                files.TryAdd(Path.GetFullPath(file).Replace('\\', '/'), file);
            }
        }
        return count > 0
            ? [.. files.Values.Select(CorpusFile.At)]
            : throw new CorpusException("No path of a corpus was given; name a file, a folder or a glob.");
    }

    private static List<string> Expand(string path)
    {
        if (File.Exists(path))
        {
            return [path];
        }
        var found = new List<string>();
        if (Directory.Exists(path))
        {
            CollectFolder(path, found);
            return found.Count > 0
                ? found
                : throw new CorpusException($"The folder {path} holds no .txt, .jsonl, .txt.gz or .jsonl.gz file; name the files or give a glob to read others as text.");
        }
        if (path.AsSpan().IndexOfAny('*', '?') < 0)
        {
            throw new CorpusException($"{(path.Length == 0 ? "The empty path" : path)} does not exist; a corpus path is a file, a folder or a glob.");
        }
        string root = Path.GetPathRoot(path) ?? "";
        string[] segments = path[root.Length..].Replace('\\', '/').Split('/', StringSplitOptions.RemoveEmptyEntries);
        CollectGlob(root, segments, found);
        return found.Count > 0
            ? found
            : throw new CorpusException($"The glob {path} matches no file; check it against the folder's contents.");
    }

    private static void CollectFolder(string folder, List<string> found)
    {
        found.AddRange(Directory.EnumerateFiles(folder).Where(file => !IsHidden(file)
            && Extensions.Any(extension => file.EndsWith(extension, StringComparison.OrdinalIgnoreCase))));
        foreach (string inner in FoldersIn(folder))
        {
            CollectFolder(inner, found);
        }
    }

    private static void CollectGlob(string folder, ReadOnlySpan<string> segments, List<string> found)
    {
        string enumerable = folder.Length == 0 ? "." : folder;
        if (!Directory.Exists(enumerable))
        {
            return;
        }
        string segment = segments[0];
        ReadOnlySpan<string> rest = segments[1..];
        if (segment == "**")
        {
            CollectGlob(folder, rest.IsEmpty ? ["*"] : rest, found);
            foreach (string inner in FoldersIn(enumerable))
            {
                CollectGlob(Join(folder, inner), segments, found);
            }
        }
        else if (rest.IsEmpty)
        {
            found.AddRange(Directory.EnumerateFiles(enumerable).Where(file => Matches(segment, file)).Select(file => Join(folder, file)));
        }
        else if (segment.AsSpan().IndexOfAny('*', '?') < 0)
        {
            CollectGlob(Path.Combine(folder, segment), rest, found);
        }
        else
        {
            foreach (string inner in FoldersIn(enumerable).Where(inner => Matches(segment, inner)))
            {
                CollectGlob(Join(folder, inner), rest, found);
            }
        }
    }

    private static IEnumerable<string> FoldersIn(string folder) =>
        Directory.EnumerateDirectories(folder).Where(inner => !IsHidden(inner) && new DirectoryInfo(inner).LinkTarget is null);

    private static string Join(string folder, string entry) => Path.Combine(folder, Path.GetFileName(entry));

    private static bool IsHidden(string path) => Path.GetFileName(path.AsSpan()).StartsWith('.');

    private static bool Matches(string pattern, string path) =>
        (pattern[0] == '.' || !IsHidden(path)) && FileSystemName.MatchesSimpleExpression(pattern, Path.GetFileName(path.AsSpan()), ignoreCase: false);
}
