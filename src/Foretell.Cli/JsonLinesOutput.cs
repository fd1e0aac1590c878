using System.CommandLine;
using Foretell.Tensors.Files;

namespace Foretell.Cli;

/// <summary>Lines of JSON to a file, whole or not at all, or to the standard output.</summary>
internal static class JsonLinesOutput
{
    /// <summary>The option that names the file.</summary>
    public static Option<string> Option() => new("--out") { Description = "A .jsonl file, or - for the standard output.", Required = true };

    public static void Write(IEnumerable<string> lines, string path, CancellationToken cancellation)
    {
        if (path == "-")
        {
            foreach (string line in lines)
            {
                cancellation.ThrowIfCancellationRequested();
                Console.Out.Write(line + "\n");
            }
            return;
        }
        AtomicFile.Write(path, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
            foreach (string line in lines)
            {
                cancellation.ThrowIfCancellationRequested();
                writer.WriteLine(line);
            }
        });
    }
}
