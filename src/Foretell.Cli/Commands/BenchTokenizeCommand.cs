using System.CommandLine;
using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Foretell.Data;
using Foretell.Tokenizers;
using Foretell.World;

namespace Foretell.Cli.Commands;

/// <summary>foretell bench tokenize: megabytes a second, in and out, and the time to train.</summary>
internal static class BenchTokenizeCommand
{
    private const int Repeats = 3;

    public static Command Create()
    {
        var tokenizerPath = new Option<string?>("--tokenizer") { Description = "The tokenizer to measure; without it one is trained on the text, which is measured too." };
        Option<string[]> text = DataCommand.Text();
        var megabytes = new Option<int>("--megabytes") { Description = "How much of the little world's text to write where --text is not given.", DefaultValueFactory = _ => 20 };
        var vocabulary = new Option<int>("--vocab") { Description = "Ids of the tokenizer that is trained.", DefaultValueFactory = _ => 32_768 };
        var threads = new Option<int>("--threads") { Description = "The most threads; 1 is measured beside it. 0 is one a core.", DefaultValueFactory = _ => 0 };
        var seed = new Option<ulong>("--seed") { Description = "Seed of the little world.", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "Print the measurements as JSON." };
        var command = new Command("tokenize", "Measure training, encoding and decoding of a tokenizer. Example: foretell bench tokenize --text novels/ --json") { tokenizerPath, text, megabytes, vocabulary, threads, seed, json };
        command.SetAction(result =>
        {
            int most = DeviceOptions.Threads(result.GetValue(threads));
            CancellationToken cancellation = CommandLine.CancelOnInterrupt();
            byte[] bytes = result.GetValue(text) is { Length: > 0 } paths
                ? [.. Corpus.Open(paths).Documents(cancellation).SelectMany(document => document)]
                : LittleWorldText(result.GetValue(seed), result.GetValue(megabytes), cancellation);
            double? trainingSeconds = null;
            Tokenizer tokenizer;
            if (result.GetValue(tokenizerPath) is string path)
            {
                tokenizer = TokenizerFiles.Load(path);
            }
            else
            {
                long began = Stopwatch.GetTimestamp();
                tokenizer = BpeTrainer.Train(new BpeTrainerOptions { VocabularySize = result.GetValue(vocabulary), Threads = most }, Pieces(bytes), cancellation: cancellation);
                trainingSeconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            }
            int[] ids = [];
            double alone = Speed(bytes.Length, () => ids = tokenizer.EncodeParallel(bytes, 1, cancellation));
            double together = most > 1 ? Speed(bytes.Length, () => ids = tokenizer.EncodeParallel(bytes, most, cancellation)) : alone;
            double decoding = Speed(bytes.Length, () => tokenizer.DecodeBytes(ids));
            if (result.GetValue(json))
            {
                JsonText.Print(new JsonObject
                {
                    ["bytes"] = bytes.Length,
                    ["tokens"] = ids.Length,
                    ["vocabulary"] = tokenizer.VocabularySize,
                    ["threads"] = most,
                    ["trainingSeconds"] = trainingSeconds is double measured ? JsonText.Number(measured, 3) : null,
                    ["encodeMegabytesPerSecondOneThread"] = JsonText.Number(alone, 1),
                    ["encodeMegabytesPerSecond"] = JsonText.Number(together, 1),
                    ["decodeMegabytesPerSecond"] = JsonText.Number(decoding, 1),
                });
                return;
            }
            Console.WriteLine(FormattableString.Invariant($"text: {bytes.Length / 1e6:F1} MB, {ids.Length:N0} tokens ({bytes.Length / (double)ids.Length:F2} bytes each) of a vocabulary of {tokenizer.VocabularySize:N0}"));
            if (trainingSeconds is double seconds)
            {
                Console.WriteLine(FormattableString.Invariant($"train   {seconds,8:F2} s on {most} threads ({bytes.Length / 1e6 / seconds:F1} MB/s)"));
            }
            Console.WriteLine(FormattableString.Invariant($"encode  {alone,8:F1} MB/s on 1 thread, {together:F1} MB/s on {most}"));
            Console.WriteLine(FormattableString.Invariant($"decode  {decoding,8:F1} MB/s on 1 thread"));
        });
        return command;
    }

    private static double Speed(long bytes, Action work) => bytes / 1e6 / BenchCommand.Median(Enumerable.Range(0, Repeats).Select(_ =>
    {
        long began = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }));

    private static IEnumerable<ReadOnlyMemory<byte>> Pieces(byte[] bytes)
    {
        const int Piece = 1 << 20;
        for (int start = 0; start < bytes.Length; start += Piece)
        {
            yield return bytes.AsMemory(start, Math.Min(Piece, bytes.Length - start));
        }
    }

    private static byte[] LittleWorldText(ulong seed, int megabytes, CancellationToken cancellation)
    {
        using var text = new MemoryStream();
        foreach (string document in new LittleWorld(seed).Texts())
        {
            cancellation.ThrowIfCancellationRequested();
            text.Write(Encoding.UTF8.GetBytes(document));
            text.WriteByte((byte)'\n');
            if (text.Length >= megabytes * 1_000_000L)
            {
                break;
            }
        }
        return text.ToArray();
    }
}
