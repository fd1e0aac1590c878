using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;

namespace Foretell.Cli.Commands;

/// <summary>foretell bench generate: tokens a second in and out.</summary>
internal static class BenchGenerateCommand
{
    public static Command Create()
    {
        Argument<string> model = LoadedModel.Argument();
        var promptTokens = new Option<int>("--prompt-tokens") { Description = "Length of the prompt, at most half of the context.", DefaultValueFactory = _ => 512 };
        var tokens = new Option<int>("--tokens") { Description = "Tokens to write behind it.", DefaultValueFactory = _ => 128 };
        var repeats = new Option<int>("--repeats") { Description = "Measurements, of which the median counts.", DefaultValueFactory = _ => 3 };
        var seed = new Option<ulong>("--seed") { Description = "Seed of the random tokens.", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "Print the measurements as JSON." };
        var device = new DeviceOptions(DType.Float32);
        var command = new Command("generate", "Measure reading a prompt and writing tokens with a model. Example: foretell bench generate runs/novels --json") { model, promptTokens, tokens, repeats, seed, json };
        device.AddTo(command);
        command.SetAction(result =>
        {
            long began = Stopwatch.GetTimestamp();
            using LoadedModel loaded = LoadedModel.Open(result.GetValue(model)!, () => device.Create(result));
            Transformer transformer = loaded.Transformer;
            double loading = Stopwatch.GetElapsedTime(began).TotalSeconds;
            int context = transformer.Config.ContextLength;
            int promptLength = Math.Clamp(result.GetValue(promptTokens), 1, Math.Max(1, context / 2));
            int wanted = Math.Clamp(result.GetValue(tokens), 1, Math.Max(1, context - promptLength));
            var random = new SeededRandom(result.GetValue(seed));
            int[] prompt = [.. Enumerable.Range(0, promptLength).Select(_ => random.NextInt(transformer.Config.VocabularySize))];
            CancellationToken cancellation = CommandLine.CancelOnInterrupt();
            var reading = new List<double>();
            var writing = new List<double>();
            double firstLatency = 0;
            for (int repeat = 0; repeat < Math.Max(1, result.GetValue(repeats)); repeat++)
            {
                using KeyValueCache cache = transformer.NewCache(promptLength + wanted);
                began = Stopwatch.GetTimestamp();
                int next = Step(transformer, prompt, cache);
                reading.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
                firstLatency = repeat == 0 ? loading + reading[0] : firstLatency;
                began = Stopwatch.GetTimestamp();
                for (int i = 0; i < wanted; i++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    next = Step(transformer, [next], cache);
                }
                writing.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
            }
            double prefill = promptLength / BenchCommand.Median(reading), decode = wanted / BenchCommand.Median(writing);
            double bytesPerSecond = 4.0 * transformer.Config.ParameterCount * decode;
            if (result.GetValue(json))
            {
                JsonText.Print(new JsonObject
                {
                    ["kernels"] = loaded.Device.Description,
                    ["parameters"] = transformer.Config.ParameterCount,
                    ["promptTokens"] = promptLength,
                    ["tokens"] = wanted,
                    ["prefillTokensPerSecond"] = JsonText.Number(prefill, 1),
                    ["decodeTokensPerSecond"] = JsonText.Number(decode, 1),
                    ["loadSeconds"] = JsonText.Number(loading, 3),
                    ["firstTokenSeconds"] = JsonText.Number(firstLatency, 3),
                });
                return;
            }
            Console.WriteLine(FormattableString.Invariant($"model: {transformer.Config.ParameterCount:N0} parameters, {loaded.Device.Description}, loaded in {loading:F2} s"));
            Console.WriteLine(FormattableString.Invariant($"first token of a prompt of {promptLength} after {firstLatency * 1000:F0} ms, loading included ({(firstLatency - loading) * 1000:F0} ms without)"));
            Console.WriteLine(FormattableString.Invariant($"prefill {prefill,10:F1} tokens/s"));
            Console.WriteLine(FormattableString.Invariant($"decode  {decode,10:F1} tokens/s ({bytesPerSecond / 1e9:F1} GB/s of float32 weights)"));
        });
        return command;
    }

    /// <summary>Feeds tokens and takes the likeliest next one.</summary>
    private static int Step(Transformer model, int[] tokens, KeyValueCache cache)
    {
        using var tape = new Tape(model.Device, recording: false);
        Tensor hidden = model.Hidden(tape, TokenBatch.Single(tokens, cache.Length), cache);
        Span<float> logits = model.Logits(tape, tape.Slice(hidden, 0, tokens.Length - 1, 1)).Span<float>();
        int best = 0;
        for (int id = 1; id < logits.Length; id++)
        {
            best = logits[id] > logits[best] ? id : best;
        }
        return best;
    }
}
