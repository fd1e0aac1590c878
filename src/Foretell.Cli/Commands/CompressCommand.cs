using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Foretell.Evaluation;
using Foretell.Evaluation.Compression;

namespace Foretell.Cli.Commands;

/// <summary>foretell compress and foretell decompress: a file in the bits that a model needs for it, and back.</summary>
internal static class CompressCommand
{
    public static Command CreateCompress() => Create(
        "compress",
        "Compress any file by a model's predictions. Example: foretell compress runs/novels emma.txt emma.foretold",
        (compressor, input, output, progress, cancellation) => (compressor.CompressFile(input, output, progress, cancellation).OriginalBytes, new FileInfo(output).Length));

    public static Command CreateDecompress() => Create(
        "decompress",
        "Restore a compressed file with the model that compressed it. Example: foretell decompress runs/novels emma.foretold emma.txt",
        (compressor, input, output, progress, cancellation) => (compressor.DecompressFile(input, output, progress, cancellation), new FileInfo(input).Length));

    /// <returns>Bytes of the original and of the compressed file.</returns>
    private delegate (long Original, long Compressed) Work(Compressor compressor, string input, string output, IProgress<CompressionProgress> progress, CancellationToken cancellation);

    private static Command Create(string name, string description, Work work)
    {
        Argument<string> model = LoadedModel.Argument();
        var input = new Argument<string>("IN") { Description = "The file to read." };
        var output = new Argument<string>("OUT") { Description = "The file to write." };
        var force = new Option<bool>("--force") { Description = "Replace OUT where it exists." };
        var json = new Option<bool>("--json") { Description = "Print the figures as JSON." };
        var device = new DeviceOptions();
        var command = new Command(name, description) { model, input, output, force, json };
        device.AddTo(command);
        command.SetAction(result =>
        {
            string source = result.GetValue(input)!, target = result.GetValue(output)!;
            InputBytes.RequireFile(source);
            RequireFree(target, result.GetValue(force));
            using LoadedModel loaded = LoadedModel.Open(result.GetValue(model)!, () => device.Create(result));
            var compressor = new Compressor(new TransformerPredictor(loaded.Transformer, loaded.Tokenizer), loaded.Tokenizer);
            long began = Stopwatch.GetTimestamp();
            long original, compressed;
            using (var status = new StatusLine())
            {
                (original, compressed) = work(compressor, source, target, new Progress(status), CommandLine.CancelOnInterrupt());
            }
            double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            bool isCompression = name == "compress";
            if (result.GetValue(json))
            {
                JsonText.Print(new JsonObject
                {
                    ["bytesIn"] = isCompression ? original : compressed,
                    ["bytesOut"] = isCompression ? compressed : original,
                    ["bitsPerByte"] = JsonText.Number(8.0 * compressed / original),
                    ["bytesPerSecond"] = JsonText.Number(original / seconds, 1),
                    ["seconds"] = JsonText.Number(seconds, 3),
                });
                return;
            }
            Console.WriteLine(FormattableString.Invariant($"{(isCompression ? original : compressed):N0} bytes in, {(isCompression ? compressed : original):N0} bytes out{(original > 0 ? FormattableString.Invariant($", {8.0 * compressed / original:F4} bits per byte, {original / seconds / 1000:F1} kB/s") : "")}"));
        });
        return command;
    }

    private static void RequireFree(string path, bool force)
    {
        if (Directory.Exists(path))
        {
            throw new IOException($"{path} is a folder; name a file to write.");
        }
        // The output is renamed into place, which would put a file where a device was.
        if (File.Exists(path) && Path.GetFullPath(path).StartsWith("/dev/", StringComparison.Ordinal))
        {
            throw new IOException($"{path} is a device; name a file to write.");
        }
        if (File.Exists(path) && !force)
        {
            throw new IOException($"{path} exists already; name another file, or add --force to replace it.");
        }
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is string folder && !Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"There is no folder {folder} to write {Path.GetFileName(path)} to; create it first.");
        }
    }

    private sealed class Progress(StatusLine status) : IProgress<CompressionProgress>
    {
        public void Report(CompressionProgress value) => status.Show(() => value.OriginalLength is long length
            ? FormattableString.Invariant($"{value.OriginalBytes:N0} of {length:N0} bytes  {StatusLine.Remaining(value.Elapsed, value.OriginalBytes, length)}")
            : FormattableString.Invariant($"{value.OriginalBytes:N0} bytes"));
    }
}
