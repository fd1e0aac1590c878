using System.Diagnostics;
using System.Globalization;
using System.Text;
using Foretell.Cli.Quickstarting;
using Foretell.Data;
using Foretell.Evaluation;
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
/// report, the detective stories against chance, a held-out text compressed against gzip, brotli and xz; then, in the little
/// world, the second stage: fine-tuning, a reward model, reinforcement, doubt.
/// </summary>
internal sealed class Quickstart(Device device, int threads, TimeSpan budget, IReadOnlyList<string> text, string folder, ulong seed, long? steps)
{
    /// <summary>Share of the budget for pretraining where the second stage follows, and where it does not; the rest of that goes to the text, the tokenizer and the tests.</summary>
    private const double TrainingShare = 0.38, TrainingShareAlone = 0.72;

    /// <summary>Share of the budget for the second stage.</summary>
    private const double SecondStageShare = 0.45;

    /// <summary>Seeds of the second stage.</summary>
    private const int Seeds = 3;

    /// <summary>Seconds of the usual second stage of one seed, and of a pretraining step, where the one was measured.</summary>
    private const double UsualSeconds = 140, UsualStepSeconds = 0.28;

    /// <summary>How much longer a step takes on average than at its quickest, validation and samples included.</summary>
    private const double Slack = 1.15;

    private const int HeldOutBytes = 12_000;

    private readonly bool _isWorld = text.Count == 0;
    private double _secondsPerStep = UsualStepSeconds;
    private string? _assistant;

    /// <summary>Runs all stages.</summary>
    /// <returns>False when it was interrupted.</returns>
    public bool Run(CancellationToken cancellation)
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
            _secondsPerStep = SecondsPerStep(workspace);
            workspace.SetSteps(Math.Max(20, (long)(budget.TotalSeconds * (_isWorld ? TrainingShare : TrainingShareAlone) / _secondsPerStep)), sources);
        }
        Stage("Training");
        bool finished = PretrainingSession.Run(workspace, device, "Foretell quickstart", $"foretell pretrain --out {folder} --resume", cancellation, (report, isFinished) =>
        {
            if (isFinished)
            {
                Examine(report, workspace, cancellation);
                if (_isWorld)
                {
                    Align(report, cancellation);
                }
            }
        });
        if (!finished)
        {
            return false;
        }
        Console.WriteLine($"Open {Path.GetFullPath(Path.Combine(folder, "report.html"))} in a browser to see how it learned.");
        return true;
    }

    /// <summary>What can be talked to afterwards, by name: the assistant where the second stage was run, and the pretrained model.</summary>
    public IReadOnlyDictionary<string, string> Models
    {
        get
        {
            var models = new Dictionary<string, string>();
            if (_assistant is not null)
            {
                models["assistant"] = _assistant;
            }
            models["pretrained"] = Path.Combine(folder, "model");
            return models;
        }
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

    /// <summary>The second stage, once a seed, and its part of the report.</summary>
    private void Align(HtmlReport report, CancellationToken cancellation)
    {
        double share = steps is long given ? given / 1000.0 : budget.TotalSeconds * SecondStageShare / Seeds / UsualSeconds * (UsualStepSeconds / _secondsPerStep);
        StageSizes sizes = StageSizes.Of(share);
        var exam = new StageExam(sizes.ExamQuestions);
        string model = Path.Combine(folder, "model");
        StageScore before;
        using (TrainedModel pretrained = TrainedModel.Load(model, device, training: false))
        {
            before = exam.Run(pretrained, cancellation);
        }
        var seeds = new List<IReadOnlyList<StageResult>>();
        var rewardAccuracy = new List<double>();
        for (int i = 1; i <= Seeds; i++)
        {
            Stage(FormattableString.Invariant($"From a predictor to an assistant, seed {i} of {Seeds}"));
            var second = new SecondStage(model, device, exam, sizes, Path.Combine(folder, FormattableString.Invariant($"second-stage-{i}")), seed + (ulong)i, Console.WriteLine);
            seeds.Add(second.Run(before, cancellation));
            rewardAccuracy.Add(second.Reward!.After["heldOutAccuracy"]);
            _assistant ??= second.Assistant;
        }
        StageReport.Write(report, exam, seeds, rewardAccuracy);
        Console.WriteLine();
        foreach (IReadOnlyList<string> row in StageReport.Rows(seeds))
        {
            Console.WriteLine($"{row[0],-14} right {row[1],-14} makes up {row[2],-14} asks back {row[3],-14} preferred to fine-tuned {row[6]}");
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
