using System.CommandLine;
using System.Text.Json.Nodes;
using Foretell.Data;
using Foretell.Tokenizers;

namespace Foretell.Cli.Commands;

/// <summary>foretell data prepare: a corpus tokenized once into memory-mapped shards.</summary>
internal static class DataPrepareCommand
{
    public static Command Create()
    {
        Option<string[]> text = DataCommand.Text();
        text.Required = true;
        Option<string> tokenizerPath = TokenizerCommand.Tokenizer();
        var output = new Option<string>("--out") { Description = "Folder for the shards, their manifest.json and the tokenizer.", Required = true };
        Option<string> field = DataCommand.Field();
        var share = new Option<double>("--validation-share") { Description = "Share of the corpus that is held out; in [0, 1).", DefaultValueFactory = _ => 0.1 };
        var split = new Option<string>("--split") { Description = "documents holds out whole documents by a hash of their content, tail the last share of the characters.", DefaultValueFactory = _ => "documents" };
        var seed = new Option<ulong>("--seed") { Description = "Seed of the hash that parts documents.", DefaultValueFactory = _ => 0 };
        var threads = new Option<int>("--threads") { Description = "Threads that tokenize; 0 is one a core. The shards do not depend on it.", DefaultValueFactory = _ => 0 };
        var json = new Option<bool>("--json") { Description = "Print the counts as JSON." };
        var command = new Command("prepare", "Tokenize a corpus into shards. Example: foretell data prepare --text novels/ --tokenizer tokenizers/novels --out data/novels") { text, tokenizerPath, output, field, share, split, seed, threads, json };
        command.SetAction(result =>
        {
            var options = new ShardOptions
            {
                ValidationShare = result.GetValue(share),
                Split = result.GetValue(split) switch
                {
                    "documents" => SplitMode.Documents,
                    "tail" => SplitMode.Tail,
                    string other => throw new FormatException($"--split {other}: wanted documents or tail."),
                    null => SplitMode.Documents,
                },
                SplitSeed = result.GetValue(seed),
                Threads = DeviceOptions.Threads(result.GetValue(threads)),
            };
            Tokenizer tokenizer = TokenizerFiles.Load(result.GetValue(tokenizerPath)!);
            Corpus corpus = Corpus.Open(result.GetValue(text)!, new CorpusOptions { TextField = result.GetValue(field)! });
            string folder = result.GetValue(output)!;
            TokenShards prepared;
            using (var status = new StatusLine())
            {
                prepared = TokenShards.Prepare(corpus, tokenizer, folder, options, new Progress(status), CommandLine.CancelOnInterrupt());
            }
            using TokenShards shards = prepared;
            tokenizer.Save(Path.Combine(folder, DataCommand.TokenizerFolder));
            if (result.GetValue(json))
            {
                JsonText.Print(new JsonObject
                {
                    ["path"] = folder,
                    ["vocabulary"] = tokenizer.VocabularySize,
                    ["train"] = Describe(shards.Train),
                    ["validation"] = Describe(shards.Validation),
                    ["identity"] = shards.Manifest.Identity,
                });
                return;
            }
            Console.WriteLine(folder);
            Print(shards.Train);
            Print(shards.Validation);
        });
        return command;
    }

    private static JsonObject Describe(TokenSplit split) => new() { ["documents"] = split.DocumentCount, ["tokens"] = split.TokenCount, ["bytes"] = split.TextBytes };

    private static void Print(TokenSplit split) => Console.WriteLine(FormattableString.Invariant(
        $"{split.Name,10}: {split.DocumentCount:N0} documents, {split.TokenCount:N0} tokens, {split.TextBytes:N0} bytes{(split.TokenCount > 0 ? FormattableString.Invariant($" ({split.TextBytes / (double)split.TokenCount:F2} a token)") : "")}"));

    private sealed class Progress(StatusLine status) : IProgress<PreparationProgress>
    {
        public void Report(PreparationProgress value) => status.Show(() =>
            FormattableString.Invariant($"{value.Stage.ToString().ToLowerInvariant()}: {value.Bytes / 1e6:F0} of {value.TotalBytes / 1e6:F0} MB{(value.Tokens > 0 ? FormattableString.Invariant($", {value.Tokens:N0} tokens") : "")}"));
    }
}
