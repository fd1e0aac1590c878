using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using Foretell.Evaluation;
using Foretell.Evaluation.Compression;
using Foretell.Tokenizers;

namespace Foretell.Cli;

/// <summary>One text under the model's coder and under common compressors at their strongest.</summary>
/// <param name="Rows">Compressor, bytes, bits per byte.</param>
/// <param name="IsRestored">Whether decompression gave the very bytes.</param>
internal sealed record CompressionComparison(IReadOnlyList<IReadOnlyList<string>> Rows, bool IsRestored)
{
    public static CompressionComparison Run(byte[] original, ITokenPredictor predictor, Tokenizer tokenizer, CancellationToken cancellation)
    {
        var rows = new List<IReadOnlyList<string>>();
        void Add(string name, long bytes) => rows.Add([name, bytes.ToString("N0", CultureInfo.InvariantCulture), (8.0 * bytes / Math.Max(1, original.Length)).ToString("F3", CultureInfo.InvariantCulture)]);

        Add("as it is", original.Length);
        Add("gzip -9", Size(original, stream => new GZipStream(stream, CompressionLevel.SmallestSize, leaveOpen: true)));
        Add("brotli -11", Size(original, stream => new BrotliStream(stream, CompressionLevel.SmallestSize, leaveOpen: true)));
        if (Xz(original) is long xz)
        {
            Add("xz -9e", xz);
        }
        var compressor = new Compressor(predictor, tokenizer);
        using var packed = new MemoryStream();
        compressor.Compress(new MemoryStream(original), packed, cancellation: cancellation);
        Add("this model", packed.Length);
        packed.Position = 0;
        using var restored = new MemoryStream();
        compressor.Decompress(packed, restored, cancellation: cancellation);
        return new CompressionComparison(rows, restored.ToArray().AsSpan().SequenceEqual(original));
    }

    private static long Size(byte[] original, Func<Stream, Stream> compressor)
    {
        using var packed = new MemoryStream();
        using (Stream stream = compressor(packed))
        {
            stream.Write(original);
        }
        return packed.Length;
    }

    /// <summary>The size under xz; null where the machine has none.</summary>
    private static long? Xz(byte[] original)
    {
        try
        {
            using Process? process = Process.Start(new ProcessStartInfo("xz", "-9e -c") { RedirectStandardInput = true, RedirectStandardOutput = true });
            if (process is null)
            {
                return null;
            }
            Task feed = Task.Run(() =>
            {
                process.StandardInput.BaseStream.Write(original);
                process.StandardInput.Close();
            });
            using var packed = new MemoryStream();
            process.StandardOutput.BaseStream.CopyTo(packed);
            feed.Wait();
            process.WaitForExit();
            return process.ExitCode == 0 ? packed.Length : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
