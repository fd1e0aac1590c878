using Foretell.Server.Storage;

namespace Foretell.Server.FineTuning;

/// <summary>What lies on the disk for one job: its own copies of its files, and its run.</summary>
internal sealed class JobFolder(DataFolder data, string job)
{
    public string Path { get; } = System.IO.Path.Combine(data.Jobs, job);

    /// <summary>The trainer's: checkpoints, metrics, models.</summary>
    public string Run => System.IO.Path.Combine(Path, "run");

    /// <summary>The job's copy: deleting the uploaded file does not touch it, and a resume reads the same bytes.</summary>
    public string Training => System.IO.Path.Combine(Path, "training.jsonl");

    public string Validation => System.IO.Path.Combine(Path, "validation.jsonl");

    /// <summary>A path within the data folder, as it is kept.</summary>
    public string Relative(string path) => System.IO.Path.GetRelativePath(data.Path, path).Replace(System.IO.Path.DirectorySeparatorChar, '/');

    /// <summary>Copies a file beside and renames it; does nothing when that is done.</summary>
    public void Copy(string source, string destination)
    {
        if (!File.Exists(destination))
        {
            Directory.CreateDirectory(Path);
            File.Copy(source, destination + ".partial", overwrite: true);
            File.Move(destination + ".partial", destination);
        }
    }

    /// <summary>Removes what only a job that goes on needs: copies, the trainer's checkpoints and best weights. Metrics and models stay.</summary>
    public void Tidy()
    {
        File.Delete(Training);
        File.Delete(Validation);
        // The best weights so far are those of the finished model.
        Delete(System.IO.Path.Combine(Run, "checkpoints"));
        Delete(System.IO.Path.Combine(Run, "best"));
    }

    /// <summary>Removes everything.</summary>
    public void Remove() => Delete(Path);

    public static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
