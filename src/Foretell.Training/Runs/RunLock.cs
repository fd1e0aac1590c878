namespace Foretell.Training;

/// <summary>Holds a run's folder for one process: two that write the same files would ruin both.</summary>
internal static class RunLock
{
    private const string LockFile = ".lock";

    /// <summary>Takes the folder, which must exist, until the stream is disposed or the process ends.</summary>
    /// <exception cref="IOException">Another process trains in the folder.</exception>
    public static FileStream Take(string folder)
    {
        string path = Path.Combine(folder, LockFile);
        try
        {
            // The system gives it free when the process ends, however it ends; the empty file stays.
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        }
        catch (IOException error) when (File.Exists(path))
        {
            throw new IOException($"Another process trains in {folder}; wait until it ends, or choose another --out.", error);
        }
    }
}
