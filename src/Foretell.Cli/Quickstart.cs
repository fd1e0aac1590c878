using System.Diagnostics;
using System.Globalization;
using System.Text;
using Foretell.Cli.Commands;
using Foretell.Data;
using Foretell.Evaluation;
using Foretell.Inference;
using Foretell.Models;
using Foretell.Nn.Optimizers;
using Foretell.Tensors;
using Foretell.Tensors.Files;
using Foretell.Training;
using Foretell.Training.Reports;
using Foretell.World;

namespace Foretell.Cli;

/// <summary>
/// The whole way in one go: text (the little world's, or the reader's), a tokenizer, a model trained within the budget, a
/// report, the detective stories against chance, a held-out text compressed against gzip, brotli and xz, a prompt.
/// </summary>
internal sealed class Quickstart(Device device, Func<Device> createDevice, int threads, TimeSpan budget, IReadOnlyList<string> text, string folder, ulong seed, long? steps)
{
    /// <summary>Share of the budget for training; the rest goes to the text, the tokenizer and the tests.</summary>
    private const double TrainingShare = 0.72;

    /// <summary>How much longer a step takes on average than at its quickest, validation and samples included.</summary>
    private const double Slack = 1.15;

    private const int HeldOutBytes = 12_000;

    private readonly bool _isWorld = text.Count == 0;

    /// <summary>Runs all stages.</summary>
    /// <returns>False when it was interrupted.</returns>
    public bool Run(bool talks, CancellationToken cancellation)
    {
        if (Checkpoint.Newest(Path.Combine(folder, "checkpoints")) is not null)
        {
            throw new FormatException($"{folder} already holds a run; go on with it by foretell pretrain --out {folder} --resume, talk to it by foretell chat {Path.Combine(folder, "model")}, or choose another --out.");
        }
        Directory.CreateDirectory(folder);
        Stage(_isWorld ? "Telling stories of the little world" : "Reading your text");
        IReadOnlyList<string> sources = _isWorld ? [TellStories(cancellation)] : text;
        Stage("Learning a tokenizer and tokenizing");
        PretrainingRecipe recipe = Recipe(sources);
        using PretrainingWorkspace workspace = PretrainingWorkspace.Prepare(recipe, sources, folder, threads, Console.WriteLine, cancellation);
        if (steps is null)
        {
            double secondsPerStep = SecondsPerStep(workspace);
            workspace.SetSteps(Math.Max(20, (long)(budget.TotalSeconds * TrainingShare / secondsPerStep)), sources);
        }
        Stage("Training");
        bool finished = PretrainingSession.Run(workspace, device, "Foretell quickstart", $"foretell pretrain --out {folder} --resume", cancellation, (report, isFinished) =>
        {
            if (isFinished)
            {
                Examine(report, workspace, cancellation);
            }
        });
        if (!finished)
        {
            return false;
        }
        Console.WriteLine($"Open {Path.GetFullPath(Path.Combine(folder, "report.html"))} in a browser to see how it learned.");
        string model = Path.Combine(folder, "model");
        if (talks && !Console.IsInputRedirected)
        {
            Stage("Talk to it: it continues what you write (Ctrl-D or /exit ends)");
            using LoadedModel trained = LoadedModel.Open(model, createDevice);
            ChatCommand.Talk(new Conversation(trained, new SamplingOptions { Temperature = 0.8, TopP = 0.95, Seed = seed, MaximumTokens = 100 }));
        }
        else
        {
            Console.WriteLine($"Talk to it with: foretell chat {model}");
        }
        return true;
    }

    private static void Stage(string name) => Console.WriteLine($"\n== {name}");

    /// <summary>Writes training documents to one file, as many as the budget will read.</summary>
    private string TellStories(CancellationToken cancellation)
    {
        string path = Path.Combine(folder, "little-world.txt");
        long wanted = steps is long given ? Math.Clamp(given * 4096 * 4, 1_000_000, 40_000_000) : (long)Math.Clamp(budget.TotalSeconds * 80_000, 1_000_000, 40_000_000);
        var world = new LittleWorld(seed);
        long written = 0;
        AtomicFile.Write(path, stream =>
        {
            foreach (string document in world.Texts())
            {
                cancellation.ThrowIfCancellationRequested();
                byte[] bytes = Encoding.UTF8.GetBytes(document + "\n<|endoftext|>\n");
                stream.Write(bytes);
                written += bytes.Length;
                if (written >= wanted)
                {
                    break;
                }
            }
        });
        Console.WriteLine(FormattableString.Invariant($"{written / 1e6:F1} MB in {path}"));
        return path;
    }

    private PretrainingRecipe Recipe(IReadOnlyList<string> sources)
    {
        long bytes = Corpus.Open(sources).Bytes;
        return new PretrainingRecipe
        {
            Depth = 4,
            Channels = 192,
            HeadSize = 32,
            Vocabulary = _isWorld ? 1536 : bytes < 200_000 ? 512 : bytes < 2_000_000 ? 1024 : 4096,
            ContextLength = bytes < 50_000 ? 64 : 256,
            BatchRows = 16,
            MatrixLearningRate = 0.02,
            LearningRate = 0.004,
            ValidationShare = bytes < 1_000_000 ? 0.1 : 0.02,
            ValidationTokens = 32_768,
            Steps = steps ?? 100,
            Seed = seed,
        };
    }

    /// <summary>The time of a step on a model that is thrown away: the quickest of a few, since the first ones also compile.</summary>
    private double SecondsPerStep(PretrainingWorkspace workspace)
    {
        const int Steps = 12;
        PretrainingRecipe recipe = workspace.Recipe;
        using var model = new Transformer(workspace.Model, device, training: true);
        model.Initialize(seed);
        using var optimizer = new Muon(device, model.Parameters.All, new MuonOptions(), new AdamWOptions());
        TokenSequenceSampler sampler = TokenSequenceSampler.Create(workspace.Shards.Train, new SamplerOptions { ContextLength = recipe.ContextLength, Rows = recipe.BatchRows!.Value, Seed = seed });
        double quickest = double.PositiveInfinity;
        for (int step = 0; step < Steps; step++)
        {
            long began = Stopwatch.GetTimestamp();
            model.Parameters.ClearGradients();
            GradientAccumulation.Run(model, sampler.At(step), recipe.MicroBatchRows!.Value, 0);
            optimizer.Step(step, 1, 1);
            quickest = Math.Min(quickest, Stopwatch.GetElapsedTime(began).TotalSeconds);
        }
        return quickest * Slack;
    }

    /// <summary>What the finished model can do, told in the terminal and in the report.</summary>
    private void Examine(HtmlReport report, PretrainingWorkspace workspace, CancellationToken cancellation)
    {
        using Transformer model = ModelFolder.Load(Path.Combine(folder, "model"), device);
        if (_isWorld)
        {
            Stage("Detective stories: who did it? (stories it has never seen)");
            var rows = new List<IReadOnlyList<string>>();
            int stories = (int)Math.Clamp(budget.TotalSeconds / 2, 20, 200);
            foreach (DetectiveScore score in DetectiveBenchmark.Run(model, workspace.Tokenizer, new LittleWorld(seed), stories, cancellation: cancellation))
            {
                rows.Add([score.Level.ToString(CultureInfo.InvariantCulture), score.Right.ToString(), score.Chance.ToString("P1", CultureInfo.InvariantCulture), score.Right.Trials.ToString(CultureInfo.InvariantCulture)]);
                Console.WriteLine($"level {score.Level}: right {score.Right}, chance {score.Chance.ToString("P1", CultureInfo.InvariantCulture)}");
            }
            report.Section("Detective stories").Text("The last word of a detective story is the culprit's name. To foretell it one must have read the clues. The stories are new to the model; shares come with 95% intervals.")
                .Table(["Level", "Culprit named", "Chance", "Stories"], rows);
        }
        Stage("Compression of a text it has never seen");
        CompressionComparison comparison = CompressionComparison.Run(HeldOut(workspace), new TransformerPredictor(model, workspace.Tokenizer), workspace.Tokenizer, cancellation);
        foreach (IReadOnlyList<string> row in comparison.Rows)
        {
            Console.WriteLine($"{row[0],-12} {row[1],10} bytes  {row[2]} bits per byte");
        }
        Console.WriteLine($"Decompressed again: {(comparison.IsRestored ? "the very same bytes" : "NOT the same bytes")}.");
        report.Section("Prediction is compression").Text("A held-out text under the model's arithmetic coder and under common compressors. The model was made beforehand, as a compressor's program is; the decompressed bytes were compared with the original.")
            .Table(["Compressor", "Bytes", "Bits per byte"], comparison.Rows);
        if (!comparison.IsRestored)
        {
            throw new InvalidDataException("The decompressed text differs from the original.");
        }
    }

    /// <summary>A text that was not trained on: new documents of the world, or the validation split.</summary>
    private byte[] HeldOut(PretrainingWorkspace workspace)
    {
        if (!_isWorld)
        {
            int[] ids = new int[(int)Math.Min(workspace.Shards.Validation.TokenCount, HeldOutBytes / 3)];
            workspace.Shards.Validation.ReadStream(0, ids);
            return workspace.Tokenizer.DecodeBytes(ids);
        }
        var whole = new StringBuilder();
        foreach (string document in new LittleWorld(seed).Texts(WorldSplit.HeldOut))
        {
            whole.Append(document).Append("\n\n");
            if (whole.Length >= HeldOutBytes)
            {
                break;
            }
        }
        return Encoding.UTF8.GetBytes(whole.ToString());
    }
}
