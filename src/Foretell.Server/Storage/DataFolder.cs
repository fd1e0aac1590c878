using System.Text;
using Foretell.Tensors.Files;

namespace Foretell.Server.Storage;

/// <summary>Where everything lies that the server keeps, but for a database elsewhere. One server at a time uses it.</summary>
public sealed class DataFolder : IDisposable
{
    private FileStream? _lock;

    public DataFolder(string path) => Path = System.IO.Path.GetFullPath(path);

    public string Path { get; }

    /// <summary>The bytes of uploaded and produced files, by their identifiers.</summary>
    public string Files => System.IO.Path.Combine(Path, "files");

    /// <summary>A folder a fine-tuning job: its inputs, its run with checkpoints, the model that it made.</summary>
    public string Jobs => System.IO.Path.Combine(Path, "jobs");

    /// <summary>Makes the folders and takes them until this object is disposed or the process ends.</summary>
    /// <exception cref="IOException">Another server uses them, or they can't be written.</exception>
    public void Take()
    {
        foreach (string folder in (string[])[Path, Files, Jobs])
        {
            Directory.CreateDirectory(folder);
        }
        string name = System.IO.Path.Combine(Path, ".lock");
        try
        {
            _lock ??= new FileStream(name, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException wrong) when (File.Exists(name))
        {
            throw new IOException($"Another server uses the data folder {Path}; end it, or give another --data.", wrong);
        }
    }

    /// <summary>Ties the folder to a database, so that one is never swept by the records of the other.</summary>
    /// <param name="identity">The database's.</param>
    /// <exception cref="IOException">The folder belongs to another database.</exception>
    public void Bind(string identity)
    {
        string name = System.IO.Path.Combine(Path, ".database");
        if (!File.Exists(name))
        {
            AtomicFile.Write(name, Encoding.ASCII.GetBytes(identity));
        }
        else if (File.ReadAllText(name) != identity)
        {
            throw new IOException($"The data folder {Path} belongs to another database than this one; give that database, or another --data.");
        }
    }

    public void Dispose() => _lock?.Dispose();
}
