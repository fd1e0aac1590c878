namespace Foretell.Data;

/// <summary>The right to prepare in a folder, held by one process at a time and given back by the system when it dies.</summary>
internal static class FolderLock
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    public static FileStream Acquire(string folder, CancellationToken cancellation)
    {
        string path = Path.Combine(folder, ".lock");
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path))
            {
                cancellation.WaitHandle.WaitOne(RetryDelay);
            }
        }
    }
}
