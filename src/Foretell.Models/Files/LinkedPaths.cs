namespace Foretell.Models.Files;

/// <summary>Paths by the places they lead to: two names are one place where links are on the way.</summary>
internal static class LinkedPaths
{
    /// <summary>As many as Linux follows.</summary>
    private const int MostLinks = 40;

    /// <summary>The full path with every link on the way followed; what does not exist stays as it is named.</summary>
    /// <exception cref="IOException">Links lead in a circle.</exception>
    public static string Resolve(string path)
    {
        string full = Path.GetFullPath(path);
        string at = Path.GetPathRoot(full)!;
        var names = new Stack<string>();
        Push(names, full[at.Length..]);
        int links = 0;
        while (names.TryPop(out string? name))
        {
            if (name == "..")
            {
                at = Path.GetDirectoryName(at) ?? at;
                continue;
            }
            string next = Path.Join(at, name);
            if (new FileInfo(next).LinkTarget is not string target)
            {
                at = next;
                continue;
            }
            if (++links > MostLinks)
            {
                throw new IOException($"{path} leads through more than {MostLinks} links; name the place itself.");
            }
            string root = Path.GetPathRoot(target) ?? "";
            at = root.Length > 0 ? root : at;
            Push(names, target[root.Length..]);
        }
        return at;
    }

    /// <summary>Whether a full path is <paramref name="place"/> or lies below it.</summary>
    public static bool IsWithin(string path, string place) =>
        (Path.TrimEndingDirectorySeparator(path) + Path.DirectorySeparatorChar).StartsWith(Path.TrimEndingDirectorySeparator(place) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static void Push(Stack<string> names, string path)
    {
        foreach (string name in path.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar]).Reverse().Where(name => name is not ("" or ".")))
        {
            names.Push(name);
        }
    }
}
