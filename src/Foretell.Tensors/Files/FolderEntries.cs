using System.Runtime.InteropServices;

namespace Foretell.Tensors.Files;

/// <summary>The names in a folder. A file's own flush writes its bytes, not its name: after a power cut a renamed file could be missing.</summary>
public static partial class FolderEntries
{
    private const int ReadOnly = 0;

    /// <summary>Returns when the folder's names are on the disk. Does nothing where the system keeps them safe by itself (Windows) or cannot flush folders.</summary>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        int descriptor = Open(folder, ReadOnly);
        if (descriptor < 0)
        {
            return;
        }
        // Some file systems refuse to flush folders; they have nothing better to offer.
        _ = Synchronize(descriptor);
        _ = Close(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Synchronize(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
