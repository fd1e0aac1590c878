using System.CommandLine;
using System.Text.Json.Nodes;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Cli.Commands;

/// <summary>foretell bench matmul: matrix products against what the machine could reach.</summary>
internal static class BenchMatrixCommand
{
    /// <summary>Up to here reading the right operand is what bounds a product, and its speed is worth printing.</summary>
    private const int FewRows = 4;

    public static Command Create()
    {
        var threads = new Option<int>("--threads") { Description = "The most threads; 1 is measured beside it. 0 is one a core.", DefaultValueFactory = _ => 0 };
        var seconds = new Option<double>("--seconds") { Description = "About how long to measure each product.", DefaultValueFactory = _ => 0.4 };
        var json = new Option<bool>("--json") { Description = "Print the measurements as JSON." };
        var types = new Option<string[]>("--type") { Description = $"What the weights are; all when left out: {string.Join(", ", AllTypes.Select(Name))}.", AllowMultipleArgumentsPerToken = true };
        types.AcceptOnlyFromAmong([.. AllTypes.Select(Name)]);
        var command = new Command("matmul", "Measure matrix products in float32, bfloat16 and with quantized weights. Example: foretell bench matmul --type q8_0 --json") { threads, seconds, types, json };
        command.SetAction(result =>
        {
            string? kernels = Environment.GetEnvironmentVariable(CpuDevice.KernelsVariable);
            int most = DeviceOptions.Threads(result.GetValue(threads));
            int[] counts = most > 1 ? [1, most] : [1];
            bool printsJson = result.GetValue(json);
            var machines = new JsonArray();
            foreach (int count in counts)
            {
                MachineSpeed machine = CpuBenchmark.MeasureMachine(kernels, count);
                machines.Add(new JsonObject
                {
                    ["threads"] = count,
                    ["float32GigaflopsPerSecond"] = JsonText.Number(machine.Float32 / 1e9, 1),
                    ["bfloat16GigaflopsPerSecond"] = JsonText.Number(machine.BFloat16 / 1e9, 1),
                    ["bfloat16Instruction"] = machine.BFloat16Instruction,
                    ["memoryGigabytesPerSecond"] = JsonText.Number(machine.MemoryBytes / 1e9, 2),
                });
                if (!printsJson)
                {
                    Console.WriteLine(FormattableString.Invariant($"peak on {count} thread{(count == 1 ? "" : "s")}: float32 {machine.Float32 / 1e9:F0} GFLOP/s, bfloat16 {machine.BFloat16 / 1e9:F0} GFLOP/s ({machine.BFloat16Instruction}), memory {machine.MemoryBytes / 1e9:F1} GB/s"));
                }
            }
            if (!printsJson)
            {
                Console.WriteLine($"{"",-24} {"rows x columns x depth",22} {"type",-9} {"threads",7} {"GFLOP/s",8} {"of peak",7} {"GB/s",6} {"of memory",9}");
            }
            CancellationToken cancellation = CommandLine.CancelOnInterrupt();
            var products = new List<ProductSpeed>();
            string[] names = result.GetValue(types) is { Length: > 0 } some ? some : [.. AllTypes.Select(Name)];
            DType[] wanted = [.. AllTypes.Where(type => names.Contains(Name(type)))];
            foreach (DType type in wanted.Where(type => !type.IsQuantized()))
            {
                products.AddRange(CpuBenchmark.MeasureProducts(kernels, type, counts, result.GetValue(seconds), printsJson ? null : Print, cancellation));
            }
            products.AddRange(CpuBenchmark.MeasureQuantizedProducts(kernels, [.. wanted.Where(type => type.IsQuantized())], counts, result.GetValue(seconds), printsJson ? null : Print, cancellation));
            if (printsJson)
            {
                JsonText.Print(new JsonObject
                {
                    ["kernels"] = string.IsNullOrEmpty(kernels) ? CpuDevice.AvailableKernels[^1] : kernels,
                    ["peaks"] = machines,
                    ["products"] = new JsonArray([.. products.Select(Describe)]),
                });
            }
        });
        return command;
    }

    private static IEnumerable<DType> AllTypes => [DType.BFloat16, DType.Float32, .. CpuBenchmark.QuantizedTypes];

    private static string Name(DType type) => type.ToString().ToLowerInvariant();

    private static void Print(ProductSpeed product) => Console.WriteLine(FormattableString.Invariant(
        $"{product.Name,-24} {FormattableString.Invariant($"{product.Rows} x {product.Columns} x {product.Depth}"),22} {Name(product.Type),-9} {product.Threads,7} {product.OperationsPerSecond / 1e9,8:F1} {product.PeakShare,7:P0} {(product.Rows <= FewRows ? FormattableString.Invariant($"{product.BytesPerSecond / 1e9:F1}") : ""),6} {(product.Rows <= FewRows && product.MemoryShare is double share ? FormattableString.Invariant($"{share:P0}") : ""),9}"));

    private static JsonNode Describe(ProductSpeed product) => new JsonObject
    {
        ["name"] = product.Name,
        ["rows"] = product.Rows,
        ["columns"] = product.Columns,
        ["depth"] = product.Depth,
        ["type"] = Name(product.Type),
        ["threads"] = product.Threads,
        ["gigaflopsPerSecond"] = JsonText.Number(product.OperationsPerSecond / 1e9, 2),
        ["peakShare"] = JsonText.Number(product.PeakShare, 4),
        ["gigabytesPerSecond"] = JsonText.Number(product.BytesPerSecond / 1e9, 2),
        ["memoryShare"] = product.MemoryShare is double memoryShare ? JsonText.Number(memoryShare, 4) : null,
    };
}
