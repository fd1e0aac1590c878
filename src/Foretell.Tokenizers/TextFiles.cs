namespace Foretell.Tokenizers;

/// <summary>Text files read in pieces, so that no file need fit in memory.</summary>
public static class TextFiles
{
    private const int BlockBytes = 1 << 20;

    /// <summary>
    /// The bytes of each file, and of all files in each folder (in the order of their names, folders within too), in fresh
    /// arrays of about a mebibyte, cut before a space between two letters.
    /// </summary>
    /// <exception cref="FileNotFoundException">Nothing is at a path.</exception>
    public static IEnumerable<ReadOnlyMemory<byte>> Read(IEnumerable<string> paths)
    {
        foreach (string file in paths.SelectMany(Expand))
        {
            foreach (ReadOnlyMemory<byte> piece in ReadFile(file))
            {
                yield return piece;
            }
        }
    }

    private static IEnumerable<string> Expand(string path) =>
        Directory.Exists(path) ? Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        : File.Exists(path) ? [path]
        : throw new FileNotFoundException($"There is no file or folder {path}; give the text to train on.", path);

    private static IEnumerable<ReadOnlyMemory<byte>> ReadFile(string path)
    {
        using FileStream file = File.OpenRead(path);
        byte[] block = new byte[BlockBytes];
        int filled = 0;
        while (true)
        {
            int read = file.ReadAtLeast(block.AsSpan(filled), block.Length - filled, throwOnEndOfStream: false);
            filled += read;
            if (filled < block.Length)
            {
                break;
            }
            int cut = TextCutter.LastCut(block);
            if (cut <= 0)
            {
                Array.Resize(ref block, block.Length * 2);
                continue;
            }
            byte[] next = new byte[Math.Max(BlockBytes, 2 * (filled - cut))];
            block.AsSpan(cut, filled - cut).CopyTo(next);
            yield return block.AsMemory(0, cut);
            filled -= cut;
            block = next;
        }
        if (filled > 0)
        {
            yield return block.AsMemory(0, filled);
        }
    }
}
