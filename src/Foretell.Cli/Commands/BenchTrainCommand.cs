using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Foretell.Data;
using Foretell.Models;
using Foretell.Nn.Optimizers;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Training;

namespace Foretell.Cli.Commands;

/// <summary>foretell bench train: tokens a second of whole training steps on random tokens.</summary>
internal static class BenchTrainCommand
{
    private static readonly (string Name, int Rows, TransformerConfig Config)[] s_shapes =
    [
        ("6x384", 16, TransformerConfig.Gpt2(vocabulary: 65, layers: 6, channels: 384, heads: 6, context: 256)),
        ("6x384-qwen3", 16, new TransformerConfig { VocabularySize = 65, Channels = 384, Layers = 6, Heads = 6, KeyValueHeads = 6, HeadSize = 64, HiddenChannels = 1024, ContextLength = 256 }),
        ("gpt2", 4, TransformerConfig.Gpt2()),
    ];

    public static Command Create()
    {
        var shape = new Option<string[]>("--shape") { Description = $"Which models: {string.Join(", ", s_shapes.Select(known => known.Name))}, or LAYERSxCHANNELS in GPT-2's form with context 256 and vocabulary 65.", DefaultValueFactory = _ => ["6x384", "gpt2"], AllowMultipleArgumentsPerToken = true };
        var rows = new Option<int?>("--rows") { Description = "Sequences of a step; 16 (gpt2: 4) unless given." };
        var steps = new Option<int>("--steps") { Description = "Steps to measure, of which the median counts; one more goes before them.", DefaultValueFactory = _ => 5 };
        var seed = new Option<ulong>("--seed") { Description = "Seed of the weights and tokens.", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "Print the measurements as JSON." };
        var device = new DeviceOptions();
        var command = new Command("train", "Measure training steps with AdamW on random tokens. Example: foretell bench train --shape 6x384 --steps 10 --json") { shape, rows, steps, seed, json };
        device.AddTo(command);
        command.SetAction(result =>
        {
            (string Name, int Rows, TransformerConfig Config)[] chosen = [.. result.GetValue(shape)!.Select(Shape)];
            int count = result.GetValue(steps);
            if (count < 1)
            {
                throw new FormatException(FormattableString.Invariant($"--steps {count}: at least 1 is needed."));
            }
            if (result.GetValue(rows) is int given && given < 1)
            {
                throw new FormatException(FormattableString.Invariant($"--rows {given}: at least 1 is needed."));
            }
            CancellationToken cancellation = CommandLine.CancelOnInterrupt();
            var measured = new JsonArray();
            foreach ((string name, int usualRows, TransformerConfig config) in chosen)
            {
                using Device on = device.Create(result);
                StepTimes times = Measure(on, config, result.GetValue(rows) ?? usualRows, count, result.GetValue(seed), cancellation);
                if (result.GetValue(json))
                {
                    measured.Add(times.ToJson(name, config, on));
                }
                else
                {
                    times.Print(name, config, on);
                }
            }
            if (result.GetValue(json))
            {
                JsonText.Print(measured);
            }
        });
        return command;
    }

    private static (string Name, int Rows, TransformerConfig Config) Shape(string name)
    {
        if (Array.Find(s_shapes, known => known.Name == name) is { Name: not null } found)
        {
            return found;
        }
        string[] sizes = name.Split('x');
        return sizes.Length == 2 && int.TryParse(sizes[0], out int layers) && int.TryParse(sizes[1], out int channels) && layers > 0 && channels >= 64 && channels % 64 == 0
            ? (name, 16, TransformerConfig.Gpt2(vocabulary: 65, layers, channels, heads: channels / 64, context: 256))
            : throw new FormatException($"--shape {name}: wanted {string.Join(", ", s_shapes.Select(known => known.Name))}, or LAYERSxCHANNELS with channels a multiple of 64, as in 4x256.");
    }

    private static StepTimes Measure(Device device, TransformerConfig config, int rows, int steps, ulong seed, CancellationToken cancellation)
    {
        using var model = new Transformer(config, device, training: true);
        model.Initialize(seed);
        using var optimizer = new AdamW(device, model.Parameters.All, new AdamWOptions { LearningRate = 1e-3 });
        var forward = new List<double>();
        var gradients = new List<double>();
        var updates = new List<double>();
        var whole = new List<double>();
        var peaks = new List<double>();
        for (int step = 0; step <= steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            Batch batch = RandomBatch(config, rows, new SeededRandom(seed).Fork("batch", step));
            peaks.Add(CpuDevice.MeasurePeak(device));
            long began = Stopwatch.GetTimestamp();
            model.Parameters.ClearGradients();
            GradientAccumulation.Run(model, batch, rows, seed);
            double gradient = Stopwatch.GetElapsedTime(began).TotalSeconds;
            optimizer.Step(step, 1, 1);
            double all = Stopwatch.GetElapsedTime(began).TotalSeconds;
            began = Stopwatch.GetTimestamp();
            GradientAccumulation.Evaluate(model, batch, rows);
            // The first step compiles and fills caches; what it takes says nothing of the others.
            if (step > 0)
            {
                whole.Add(all);
                gradients.Add(gradient);
                updates.Add(all - gradient);
                forward.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
            }
        }
        return new StepTimes(rows * config.ContextLength, BenchCommand.Median(whole), BenchCommand.Median(forward), BenchCommand.Median(gradients), BenchCommand.Median(updates), BenchCommand.Median(peaks), device.Memory.PeakBytes);
    }

    private static Batch RandomBatch(TransformerConfig config, int rows, SeededRandom random)
    {
        int tokens = rows * config.ContextLength;
        int[] ids = new int[tokens], targets = new int[tokens], positions = new int[tokens];
        float[] weights = new float[tokens];
        for (int i = 0; i < tokens; i++)
        {
            ids[i] = random.NextInt(config.VocabularySize);
            targets[i] = random.NextInt(config.VocabularySize);
            positions[i] = i % config.ContextLength;
            weights[i] = 1;
        }
        return new Batch
        {
            Tokens = ids,
            Targets = targets,
            Weights = weights,
            Positions = positions,
            Segments = [.. Enumerable.Range(0, rows).Select(row => new Segment(row * config.ContextLength, config.ContextLength))],
            Rows = rows,
            ContextLength = config.ContextLength,
        };
    }

    /// <summary>Medians over the steps, in seconds.</summary>
    /// <param name="Tokens">Of a step.</param>
    /// <param name="Whole">A step: gradients and update.</param>
    /// <param name="Forward">The loss alone, measured by itself.</param>
    /// <param name="Gradients">Loss and gradients.</param>
    /// <param name="Update">The optimizer.</param>
    /// <param name="Peak">Operations a second of the matrix kernels' instruction on registers alone, measured between the steps.</param>
    /// <param name="Memory">Most bytes of tensors live at once.</param>
    private sealed record StepTimes(int Tokens, double Whole, double Forward, double Gradients, double Update, double Peak, long Memory)
    {
        private double TokensPerSecond => Tokens / Whole;

        private double Share(TransformerConfig config) => TokensPerSecond * config.TrainingOperationsPerToken / Peak;

        public JsonNode ToJson(string name, TransformerConfig config, Device device) => new JsonObject
        {
            ["shape"] = name,
            ["architecture"] = config.Architecture,
            ["parameters"] = config.ParameterCount,
            ["context"] = config.ContextLength,
            ["rows"] = Tokens / config.ContextLength,
            ["kernels"] = device.Description,
            ["tokensPerSecond"] = JsonText.Number(TokensPerSecond, 1),
            ["gigaflopsPerSecond"] = JsonText.Number(TokensPerSecond * config.TrainingOperationsPerToken / 1e9, 1),
            ["peakGigaflopsPerSecond"] = JsonText.Number(Peak / 1e9, 1),
            ["peakShare"] = JsonText.Number(Share(config), 4),
            ["stepSeconds"] = JsonText.Number(Whole, 4),
            ["forwardSeconds"] = JsonText.Number(Forward, 4),
            ["backwardSeconds"] = JsonText.Number(Gradients - Forward, 4),
            ["optimizerSeconds"] = JsonText.Number(Update, 4),
            ["tensorBytes"] = Memory,
        };

        public void Print(string name, TransformerConfig config, Device device)
        {
            Console.WriteLine(FormattableString.Invariant($"{name}: {config.ParameterCount:N0} parameters, {Tokens / config.ContextLength} x {config.ContextLength} tokens a step, {device.Description}"));
            Console.WriteLine(FormattableString.Invariant($"  {TokensPerSecond:N0} tokens/s, {TokensPerSecond * config.TrainingOperationsPerToken / 1e9:F0} of {Peak / 1e9:F0} GFLOP/s ({Share(config):P1} of peak), {MemoryEstimate.Gigabytes(Memory)}"));
            Console.WriteLine(FormattableString.Invariant($"  step {Whole * 1000:F0} ms: forward {Forward / Whole:P0}, backward {(Gradients - Forward) / Whole:P0}, optimizer {Update / Whole:P0}"));
        }
    }
}
