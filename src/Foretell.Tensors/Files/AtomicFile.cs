namespace Foretell.Tensors.Files;

/// <summary>
/// Writes a file so that a reader finds the old content or the new, never a part: the bytes go to <c>NAME.partial</c> beside
/// it, are flushed to the disk, and take the name by one rename, which is flushed too. When anything fails, or the disk is full, the old file
/// stands untouched and the partial one is removed; one that a killed process left behind is overwritten by the next writer.
/// </summary>
public static class AtomicFile
{
    /// <param name="path">The file to create or replace; its folder must exist.</param>
    /// <param name="write">Writes the content to a seekable stream; what it throws is passed on after the partial file is gone.</param>
    /// <exception cref="IOException">The folder is missing, the disk is full, or another process is writing the same file.</exception>
    public static void Write(string path, Action<FileStream> write)
    {
        string partial = Path.GetFullPath(path) + ".partial";
        // Opened outside the try: when another writer holds the partial file, it is not ours to delete.
        var stream = new FileStream(partial, FileMode.Create, FileAccess.ReadWrite, FileShare.None, bufferSize: 1 << 16);
        try
        {
            using (stream)
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(partial, path, overwrite: true);
            FolderEntries.Flush(Path.GetDirectoryName(partial)!);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }

    /// <inheritdoc cref="Write(string, Action{FileStream})"/>
    public static void Write(string path, ReadOnlyMemory<byte> content) => Write(path, stream => stream.Write(content.Span));
}
