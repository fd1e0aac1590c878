using System.CommandLine;
using Foretell.Data;
using Foretell.Tokenizers;
using Foretell.Training;

namespace Foretell.Cli.Commands;

/// <summary>foretell data show: a training batch token by token, with boundaries and loss weights.</summary>
internal static class DataShowCommand
{
    public static Command Create()
    {
        var folder = new Argument<string?>("DIR") { Description = "A prepared folder, or a run's folder, whose batches are then shown as the run reads them; with --model, a file of conversations.", Arity = ArgumentArity.ZeroOrOne };
        Option<string[]> text = DataCommand.Text();
        text.Description = "A corpus to look at without preparing it first. " + text.Description;
        var tokenizerPath = new Option<string?>("--tokenizer") { Description = "The tokenizer; of a prepared folder or a run its own, of --text the bytes, unless given." };
        Option<string> field = DataCommand.Field();
        var batch = new Option<long>("--batch") { Description = "Which batch: the step that trains on it, from 0.", DefaultValueFactory = _ => 0 };
        var rows = new Option<int?>("--rows") { Description = "Rows of the batch (of a run: how many of its rows are shown); 2 unless given." };
        var context = new Option<int?>("--context") { Description = "Tokens of a row; a run's own, else 64 unless given." };
        var seed = new Option<ulong?>("--seed") { Description = "Seed of the shuffling; a run's own, else 1 unless given." };
        var json = new Option<bool>("--json") { Description = "Print the batch as JSON." };
        var model = new Option<string?>("--model") { Description = "Show conversations as fine-tuning this model reads them: by its chat template, with the weight of every token." };
        var addMarkers = new Option<bool>("--add-markers") { Description = "With --model: as sft --add-markers does, give the vocabulary ChatML's markers first." };
        var command = new Command("show", "Print a batch token by token: what is read, what is asked, what counts, where documents end. Example: foretell data show runs/novels --batch 3 --rows 1") { folder, text, tokenizerPath, field, batch, rows, context, seed, json, model, addMarkers };
        command.SetAction(result =>
        {
            if (result.GetValue(model) is string chatty)
            {
                string file = result.GetValue(folder) ?? throw new FormatException("data show --model needs a file of conversations, as in data show chats.jsonl --model runs/base.");
                ConversationPrinter.Print(file, chatty, result.GetValue(addMarkers), result.GetValue(context), result.GetValue(rows) ?? 2, result.GetValue(batch), result.GetValue(json));
                return;
            }
            using Shown shown = (result.GetValue(folder), result.GetValue(text)) switch
            {
                (string path, null or []) => OpenFolder(path, result.GetValue(tokenizerPath)),
                (null, { Length: > 0 } paths) => OpenText(paths, result.GetValue(field)!, result.GetValue(tokenizerPath)),
                (null, _) => throw new FormatException("data show needs a prepared folder, a run's folder, or --text with files."),
                _ => throw new FormatException("data show takes a folder or --text, not both."),
            };
            SamplerOptions usual = shown.Sampling ?? new SamplerOptions { ContextLength = 64, Rows = result.GetValue(rows) ?? 2, Seed = 1, StartWithEndOfText = shown.Tokenizer.EndOfTextId is not null };
            SamplerOptions options = usual with { ContextLength = result.GetValue(context) ?? usual.ContextLength, Seed = result.GetValue(seed) ?? usual.Seed };
            long step = result.GetValue(batch);
            if (step < 0)
            {
                throw new FormatException(FormattableString.Invariant($"--batch {step}: batches are counted from 0."));
            }
            Batch chosen = TokenSequenceSampler.Create(shown.Shards.Train, options).At(step);
            if (result.GetValue(json))
            {
                using (Stream output = Console.OpenStandardOutput())
                {
                    BatchPrinter.WriteJson(chosen, shown.Tokenizer, output, result.GetValue(rows) ?? 2);
                }
                Console.WriteLine();
                return;
            }
            BatchPrinter.WriteTable(chosen, shown.Tokenizer, Console.Out, result.GetValue(rows) ?? 2);
        });
        return command;
    }

    private static Shown OpenFolder(string folder, string? tokenizerPath)
    {
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"There is no folder {folder}; give a prepared folder (foretell data prepare) or a run's folder.");
        }
        string inRun = Path.Combine(folder, "data");
        SamplerOptions? sampling = null;
        if (Directory.Exists(inRun) && PretrainingWorkspace.ReadConfig(folder) is (string json, _))
        {
            PretrainingRecipe recipe = PretrainingRecipe.Parse(json, []);
            sampling = new SamplerOptions { Mode = recipe.Sampling, ContextLength = recipe.ContextLength, Rows = recipe.BatchRows ?? 1, Seed = recipe.Seed };
        }
        TokenShards shards = TokenShards.Open(Directory.Exists(inRun) ? inRun : folder);
        try
        {
            Tokenizer tokenizer = TokenizerFiles.Load(tokenizerPath ?? Path.Combine(folder, DataCommand.TokenizerFolder));
            shards.RequireTokenizer(tokenizer);
            if (sampling is { Mode: SamplingMode.Packed })
            {
                sampling = sampling with { StartWithEndOfText = tokenizer.EndOfTextId is not null };
            }
            return new Shown(shards, tokenizer, sampling, null);
        }
        catch
        {
            shards.Dispose();
            throw;
        }
    }

    private static Shown OpenText(string[] paths, string field, string? tokenizerPath)
    {
        Tokenizer tokenizer = tokenizerPath is null ? new ByteTokenizer() : TokenizerFiles.Load(tokenizerPath);
        Corpus corpus = Corpus.Open(paths, new CorpusOptions { TextField = field });
        string temporary = Directory.CreateTempSubdirectory("foretell-show-").FullName;
        try
        {
            return new Shown(TokenShards.Prepare(corpus, tokenizer, temporary, new ShardOptions { ValidationShare = 0 }, cancellation: CommandLine.CancelOnInterrupt()), tokenizer, null, temporary);
        }
        catch
        {
            Directory.Delete(temporary, recursive: true);
            throw;
        }
    }

    /// <summary>What is shown, and the folder that goes with it when it was prepared for this alone.</summary>
    /// <param name="Sampling">How a run reads it; null outside a run.</param>
    private sealed record Shown(TokenShards Shards, Tokenizer Tokenizer, SamplerOptions? Sampling, string? Temporary) : IDisposable
    {
        public void Dispose()
        {
            Shards.Dispose();
            if (Temporary is not null)
            {
                Directory.Delete(Temporary, recursive: true);
            }
        }
    }
}
