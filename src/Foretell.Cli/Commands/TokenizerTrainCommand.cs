using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Foretell.Data;
using Foretell.Tokenizers;

namespace Foretell.Cli.Commands;

/// <summary>foretell tokenizer train: byte-pair merges from text.</summary>
internal static class TokenizerTrainCommand
{
    public static Command Create()
    {
        var input = new Option<string[]>("--input") { Description = "Files, folders or globs: .txt, .jsonl, either with .gz; a named file may have any extension.", Required = true, AllowMultipleArgumentsPerToken = true };
        var vocabulary = new Option<int>("--vocab") { Description = "Number of ids: special tokens, the 256 bytes, then merges.", Required = true };
        var output = new Option<string>("--out") { Description = "Folder that tokenizer.json is written to.", Required = true };
        var pattern = new Option<string>("--pattern") { Description = "What cuts text into words: gpt2, cl100k, llama3, qwen2, qwen3, o200k or none.", DefaultValueFactory = _ => "gpt2" };
        var special = new Option<string[]>("--special") { Description = "Special tokens; they get the first ids.", DefaultValueFactory = _ => [BpeTrainerOptions.EndOfText], AllowMultipleArgumentsPerToken = true };
        var field = new Option<string>("--field") { Description = "The field of a .jsonl line that holds the text.", DefaultValueFactory = _ => "text" };
        var threads = new Option<int>("--threads") { Description = "Threads that count words; 0 is one a core. The result does not depend on it.", DefaultValueFactory = _ => 0 };
        var json = new Option<bool>("--json") { Description = "Print what came of it as JSON." };
        var command = new Command("train", "Train a byte-level BPE tokenizer. Example: foretell tokenizer train --input novels/ --vocab 8192 --out tokenizers/novels") { input, vocabulary, output, pattern, special, field, threads, json };
        command.SetAction(result =>
        {
            var options = new BpeTrainerOptions
            {
                VocabularySize = result.GetValue(vocabulary),
                SpecialTokens = result.GetValue(special)!,
                PreTokenizer = PreTokenizer.FromName(result.GetValue(pattern)!),
                Threads = DeviceOptions.Threads(result.GetValue(threads)),
            };
            CancellationToken cancellation = CommandLine.CancelOnInterrupt();
            var corpusOptions = new CorpusOptions { TextField = result.GetValue(field)!, AllowBytes = true };
            Corpus corpus = Corpus.Open(result.GetValue(input)!, corpusOptions);
            long began = Stopwatch.GetTimestamp();
            BytePairEncoding tokenizer;
            using (var status = new StatusLine())
            {
                tokenizer = BpeTrainer.Train(options, Texts(corpus, corpusOptions, cancellation), new Progress(status, corpus.Bytes), cancellation);
            }
            string folder = result.GetValue(output)!;
            tokenizer.Save(folder);
            double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            string path = Path.Combine(folder, TokenizerFiles.JsonName);
            if (result.GetValue(json))
            {
                JsonText.Print(new JsonObject
                {
                    ["path"] = path,
                    ["vocabulary"] = tokenizer.VocabularySize,
                    ["merges"] = tokenizer.MergeCount,
                    ["bytes"] = corpus.Bytes,
                    ["seconds"] = JsonText.Number(seconds, 3),
                    ["fingerprint"] = tokenizer.Fingerprint,
                });
                return;
            }
            Console.WriteLine(FormattableString.Invariant($"{path}: {tokenizer.VocabularySize:N0} ids, {tokenizer.MergeCount:N0} merges from {corpus.Bytes / 1e6:F1} MB in {seconds:F1} s"));
            if (tokenizer.VocabularySize < options.VocabularySize)
            {
                Console.WriteLine(FormattableString.Invariant($"The text has no more pairs to merge: {tokenizer.VocabularySize:N0} of the {options.VocabularySize:N0} ids that were asked for."));
            }
        });
        return command;
    }

    /// <summary>Plain text files go in as they are; only what must be unpacked is read as documents.</summary>
    private static IEnumerable<ReadOnlyMemory<byte>> Texts(Corpus corpus, CorpusOptions options, CancellationToken cancellation) =>
        corpus.Files.SelectMany(file => file.Format == CorpusFormat.Text && !file.IsCompressed
            ? TextFiles.Read([file.FullPath])
            : Corpus.Open([file.FullPath], options).Pieces(cancellation: cancellation).Select(piece => piece.Text));

    private sealed class Progress(StatusLine status, long bytes) : IProgress<BpeTrainingProgress>
    {
        public void Report(BpeTrainingProgress value) => status.Show(() => value.Counting
            ? FormattableString.Invariant($"counting words: {value.Done / 1e6:F0} of {bytes / 1e6:F0} MB")
            : FormattableString.Invariant($"merging: {value.Done:N0} of {value.Total:N0}"));
    }
}
