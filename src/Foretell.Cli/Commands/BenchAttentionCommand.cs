using System.CommandLine;
using System.Text.Json.Nodes;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Cli.Commands;

/// <summary>foretell bench attention: one layer's attention over cached keys and values.</summary>
internal static class BenchAttentionCommand
{
    public static Command Create()
    {
        var threads = new Option<int>("--threads") { Description = "The most threads; 1 is measured beside it. 0 is one a core.", DefaultValueFactory = _ => 0 };
        var seconds = new Option<double>("--seconds") { Description = "About how long to measure each shape.", DefaultValueFactory = _ => 0.3 };
        var json = new Option<bool>("--json") { Description = "Print the measurements as JSON." };
        var command = new Command("attention", "Measure attention over cached keys and values while decoding and reading prompts. Example: foretell bench attention --json") { threads, seconds, json };
        command.SetAction(result =>
        {
            string? kernels = Environment.GetEnvironmentVariable(CpuDevice.KernelsVariable);
            int most = result.GetValue(threads) is int given and > 0 ? given : Environment.ProcessorCount;
            int[] counts = most > 1 ? [1, most] : [1];
            bool printsJson = result.GetValue(json);
            using Device device = CpuDevice.Create(kernels, 1);
            DType type = device.Name.EndsWith("bfloat16", StringComparison.Ordinal) ? DType.BFloat16 : DType.Float32;
            double memory = CpuBenchmark.MeasureMachine(kernels, most).MemoryBytes;
            if (!printsJson)
            {
                Console.WriteLine(FormattableString.Invariant($"{device.Name}; memory on {most} thread{(most == 1 ? "" : "s")} {memory / 1e9:F1} GB/s"));
                Console.WriteLine($"{"one layer",-30} {"threads",7} {"sequences",9} {"tokens",6} {"keys",5} {"microseconds",12} {"GB/s",6} {"GFLOP/s",8}");
            }
            IReadOnlyList<CachedAttentionSpeed> speeds = CpuBenchmark.MeasureCachedAttention(kernels, type, counts, result.GetValue(seconds), printsJson ? null : Print, CommandLine.CancelOnInterrupt());
            if (printsJson)
            {
                JsonText.Print(new JsonObject
                {
                    ["kernels"] = device.Name,
                    ["memoryGigabytesPerSecond"] = JsonText.Number(memory / 1e9, 2),
                    ["attention"] = new JsonArray([.. speeds.Select(Describe)]),
                });
            }
        });
        return command;
    }

    private static void Print(CachedAttentionSpeed speed) => Console.WriteLine(FormattableString.Invariant(
        $"{speed.Name,-30} {speed.Threads,7} {speed.Sequences,9} {speed.Tokens,6} {speed.Keys,5} {speed.Seconds * 1e6,12:F1} {speed.BytesPerSecond / 1e9,6:F1} {speed.OperationsPerSecond / 1e9,8:F1}"));

    private static JsonNode Describe(CachedAttentionSpeed speed) => new JsonObject
    {
        ["name"] = speed.Name,
        ["threads"] = speed.Threads,
        ["sequences"] = speed.Sequences,
        ["tokens"] = speed.Tokens,
        ["keys"] = speed.Keys,
        ["microseconds"] = JsonText.Number(speed.Seconds * 1e6, 2),
        ["gigabytesPerSecond"] = JsonText.Number(speed.BytesPerSecond / 1e9, 2),
        ["gigaflopsPerSecond"] = JsonText.Number(speed.OperationsPerSecond / 1e9, 2),
    };
}
