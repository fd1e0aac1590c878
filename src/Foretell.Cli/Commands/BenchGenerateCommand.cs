using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Foretell.Inference;
using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Cli.Commands;

/// <summary>foretell bench generate: tokens a second in and out, alone and in company.</summary>
internal static class BenchGenerateCommand
{
    public static Command Create()
    {
        Argument<string> model = LoadedModel.Argument();
        var promptTokens = new Option<int>("--prompt-tokens") { Description = "Length of the long prompt, at most half of the context.", DefaultValueFactory = _ => 512 };
        var tokens = new Option<int>("--tokens") { Description = "Tokens that each request writes.", DefaultValueFactory = _ => 128 };
        var concurrent = new Option<int>("--concurrent") { Description = "Requests at once.", DefaultValueFactory = _ => 16 };
        var repeats = new Option<int>("--repeats") { Description = "Measurements, of which the median counts.", DefaultValueFactory = _ => 3 };
        var seed = new Option<ulong>("--seed") { Description = "Seed of the random tokens.", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "Print the measurements as JSON." };
        var device = new DeviceOptions(DType.Float32);
        var command = new Command("generate", "Measure reading a prompt and writing tokens with a model, one request alone and many at once. Example: foretell bench generate runs/novels --json") { model, promptTokens, tokens, concurrent, repeats, seed, json };
        device.AddTo(command);
        command.SetAction(result =>
        {
            if (result.GetValue(concurrent) is int given and (< 1 or > 512))
            {
                throw new FormatException(FormattableString.Invariant($"--concurrent {given}: wanted 1 to 512."));
            }
            CancellationToken cancellation = CommandLine.CancelOnInterrupt();
            long began = Stopwatch.GetTimestamp();
            using LoadedModel loaded = LoadedModel.Open(result.GetValue(model)!, () => device.Create(result));
            TimeSpan loading = Stopwatch.GetElapsedTime(began);
            var options = new GenerationBenchmarkOptions
            {
                PromptTokens = result.GetValue(promptTokens),
                Tokens = result.GetValue(tokens),
                Concurrent = result.GetValue(concurrent),
                Repeats = Math.Max(1, result.GetValue(repeats)),
                Seed = result.GetValue(seed),
            };
            GenerationSpeed speed;
            using (var status = new StatusLine())
            {
                speed = new GenerationBenchmark(loaded.Transformer, loaded.Tokenizer, options)
                    .MeasureAsync(what => status.Show(() => "measuring " + what), cancellation).GetAwaiter().GetResult();
            }
            MachineSpeed machine = CpuBenchmark.MeasureMachine(Environment.GetEnvironmentVariable(CpuDevice.KernelsVariable), device.Threads(result));
            long bytes = DecodedBytes(loaded.Transformer);
            double share = bytes * speed.Decode / machine.MemoryBytes;
            if (result.GetValue(json))
            {
                JsonText.Print(ToJson(loaded, loading, speed, bytes, machine.MemoryBytes, share));
                return;
            }
            Console.WriteLine(FormattableString.Invariant($"{loaded.Transformer.Config.ParameterCount:N0} parameters, {loaded.Device.Description}, loaded in {loading.TotalSeconds:F2} s; first token of {speed.PromptTokens} after {speed.FirstToken.TotalMilliseconds:F0} ms"));
            Console.WriteLine(FormattableString.Invariant($"{Megabytes(bytes)} MB of weights a token, memory {machine.MemoryBytes / 1e9:F1} GB/s on {machine.Threads} thread{(machine.Threads == 1 ? "" : "s")}"));
            Row(FormattableString.Invariant($"prefill of {speed.PromptTokens}"), speed.Prefill, "tokens/s");
            Row("decode", speed.Decode, FormattableString.Invariant($"tokens/s, {share:P0} of the memory's bandwidth"));
            Row(FormattableString.Invariant($"decode after {speed.PromptTokens}"), speed.DecodeAfterPrompt, FormattableString.Invariant($"tokens/s, {speed.DecodeAfterPrompt / speed.Decode - 1:+0.0%;-0.0%}"));
            Row(FormattableString.Invariant($"{speed.Concurrent} requests at once"), speed.ConcurrentDecode, FormattableString.Invariant($"tokens/s, {speed.ConcurrentDecode / speed.Decode:F1} times one"));
            Row("first token under load", speed.FirstTokenUnderLoad(0.5).TotalMilliseconds, FormattableString.Invariant($"ms for half, {speed.FirstTokenUnderLoad(0.95).TotalMilliseconds:F0} ms for 95% of {speed.FirstTokensUnderLoad.Count} requests"));
            Row("drawing a token", speed.Sampling.TotalMicroseconds, FormattableString.Invariant($"microseconds, of {1e6 / speed.Decode:F0}"));
            if (speed.Constraint is TimeSpan constraint)
            {
                Row("a schema beside it", constraint.TotalMicroseconds, "microseconds a token");
            }
        });
        return command;
    }

    private static void Row(string name, double value, string unit) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-24}{value,10:F1} {unit}"));

    private static string Megabytes(long bytes) => (bytes / 1e6).ToString("F0", CultureInfo.InvariantCulture);

    /// <summary>Bytes of the weights that each written token multiplies with, as the device keeps them: quantized as they are, others in the precision of its products.</summary>
    private static long DecodedBytes(Transformer model)
    {
        // "rounded bfloat16" keeps singles.
        bool halves = model.Device.Name.EndsWith(" bfloat16", StringComparison.Ordinal) && !model.Device.Name.Contains("rounded", StringComparison.Ordinal);
        long bytes = 0;
        foreach (Parameter parameter in model.Parameters.All)
        {
            bool multiplies = parameter.Kind == ParameterKind.Matrix || parameter.Name == (model.Config.TiedHead ? "model.embed_tokens.weight" : "lm_head.weight");
            Tensor value = parameter.Value;
            bytes += !multiplies ? 0 : value.Type.IsQuantized() ? value.Type.Bytes(value.Shape.ElementCount) : value.Shape.ElementCount * (halves ? 2 : 4);
        }
        return bytes;
    }

    private static JsonObject ToJson(LoadedModel loaded, TimeSpan loading, GenerationSpeed speed, long bytes, double memory, double share) => new()
    {
        ["kernels"] = loaded.Device.Description,
        ["parameters"] = loaded.Transformer.Config.ParameterCount,
        ["promptTokens"] = speed.PromptTokens,
        ["tokens"] = speed.Tokens,
        ["loadSeconds"] = JsonText.Number(loading.TotalSeconds, 3),
        ["firstTokenSeconds"] = JsonText.Number((loading + speed.FirstToken).TotalSeconds, 3),
        ["prefillTokensPerSecond"] = JsonText.Number(speed.Prefill, 1),
        ["decodeTokensPerSecond"] = JsonText.Number(speed.Decode, 1),
        ["decodeAfterPromptTokensPerSecond"] = JsonText.Number(speed.DecodeAfterPrompt, 1),
        ["weightBytesPerToken"] = bytes,
        ["memoryGigabytesPerSecond"] = JsonText.Number(memory / 1e9, 2),
        ["decodeBandwidthShare"] = JsonText.Number(share, 3),
        ["concurrentRequests"] = speed.Concurrent,
        ["concurrentTokensPerSecond"] = JsonText.Number(speed.ConcurrentDecode, 1),
        ["concurrentRatio"] = JsonText.Number(speed.ConcurrentDecode / speed.Decode, 2),
        ["firstTokenUnderLoadMillisecondsP50"] = JsonText.Number(speed.FirstTokenUnderLoad(0.5).TotalMilliseconds, 2),
        ["firstTokenUnderLoadMillisecondsP95"] = JsonText.Number(speed.FirstTokenUnderLoad(0.95).TotalMilliseconds, 2),
        ["samplingMicroseconds"] = JsonText.Number(speed.Sampling.TotalMicroseconds, 1),
        ["schemaMicroseconds"] = speed.Constraint is TimeSpan constraint ? JsonText.Number(constraint.TotalMicroseconds, 1) : null,
    };
}
