namespace Foretell.Cli;

/// <summary>What --input names: a file, or - for the standard input; any bytes.</summary>
internal static class InputBytes
{
    public static byte[] Read(string path)
    {
        if (path != "-")
        {
            RequireFile(path);
            return File.ReadAllBytes(path);
        }
        using Stream input = Console.OpenStandardInput();
        using var bytes = new MemoryStream();
        input.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static void RequireFile(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(Directory.Exists(path) ? $"{path} is a folder; give a file." : $"There is no file {path}.", path);
        }
    }
}
