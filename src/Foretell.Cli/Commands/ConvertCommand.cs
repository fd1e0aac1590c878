using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Files;

namespace Foretell.Cli.Commands;

/// <summary>foretell convert: a model from one published form into another.</summary>
internal static class ConvertCommand
{
    private static readonly (string Name, DType Type)[] s_types =
    [
        ("q8_0", DType.Q8_0),
        ("q6_k", DType.Q6_K),
        ("q4_k", DType.Q4_K),
        ("q4_0", DType.Q4_0),
        ("f16", DType.Float16),
        ("bf16", DType.BFloat16),
        ("f32", DType.Float32),
    ];

    public static Command Create()
    {
        var input = new Argument<string>("IN") { Description = "A Hugging Face folder, a GGUF file, or a run's folder." };
        var output = new Argument<string>("OUT") { Description = "What to write: a name that ends in .gguf is a GGUF file, any other a Hugging Face folder." };
        var quantize = new Option<string?>("--quantize") { Description = $"What matrices are stored as: {string.Join(", ", s_types.Select(type => type.Name))} (default: as they are). Vectors stay in single precision; the head beside four-bit blocks is q6_k; rows that are not whole blocks take the next type that fits. A folder holds f32, f16 and bf16." };
        var force = new Option<bool>("--force") { Description = "Replace OUT where it exists." };
        var encrypt = new Option<string?>("--encrypt-key-file") { Description = "Encrypt the weights with the key in this file: 32 bytes, or their hexadecimal digits, as openssl rand -hex 32 prints them. Commands that read the model then want FORETELL_KEY_FILE to name it." };
        var json = new Option<bool>("--json") { Description = "Print the figures as JSON." };
        var device = new DeviceOptions(DType.Float32);
        var command = new Command("convert", "Convert a model between forms, and compare what the result says before it is put in place. Example: foretell convert models/qwen3 qwen3.gguf --quantize q8_0") { input, output, quantize, encrypt, force, json };
        device.AddTo(command);
        command.SetAction(result =>
        {
            var options = new ConversionOptions
            {
                Type = Parse(result.GetValue(quantize)),
                Overwrites = result.GetValue(force),
                InputKey = WeightKeys.FromEnvironment(),
                OutputKey = result.GetValue(encrypt) is string file ? WeightKey.Read(file) : null,
            };
            long began = Stopwatch.GetTimestamp();
            ConversionReport report;
            using (Device computes = device.Create(result))
            using (var status = new StatusLine())
            {
                report = ModelConversion.Convert(result.GetValue(input)!, result.GetValue(output)!, options, computes, new Progress(status), CommandLine.CancelOnInterrupt());
            }
            Print(report, Stopwatch.GetElapsedTime(began).TotalSeconds, result.GetValue(json));
        });
        return command;
    }

    private static DType? Parse(string? name) => name is null ? null
        : s_types.Where(type => string.Equals(type.Name, name, StringComparison.OrdinalIgnoreCase)).Select(type => (DType?)type.Type).FirstOrDefault()
        ?? throw new FormatException($"--quantize {name}: wanted {string.Join(", ", s_types.Select(type => type.Name))}.");

    private static void Print(ConversionReport report, double seconds, bool json)
    {
        LogitComparison check = report.Check;
        (string Name, int Count)[] types = [.. s_types.Where(type => report.Types.ContainsKey(type.Type)).Select(type => (type.Name, report.Types[type.Type]))];
        if (json)
        {
            JsonText.Print(new JsonObject
            {
                ["bytesIn"] = report.InputBytes,
                ["bytesOut"] = report.OutputBytes,
                ["types"] = new JsonObject(types.Select(type => KeyValuePair.Create<string, JsonNode?>(type.Name, type.Count))),
                ["weightError"] = JsonText.Number(report.WeightError, 8),
                ["tokens"] = check.Tokens,
                ["equal"] = check.AreEqual,
                ["largestLogitDifference"] = JsonText.Number(check.LargestDifference, 8),
                ["relativeLogitError"] = JsonText.Number(check.RelativeError, 8),
                ["divergence"] = JsonText.Number(check.Divergence, 8),
                ["sameChoice"] = JsonText.Number(check.SameChoice),
                ["allowedLogitError"] = JsonText.Number(check.AllowedError),
                ["seconds"] = JsonText.Number(seconds, 3),
            });
            return;
        }
        Console.WriteLine(FormattableString.Invariant($"{report.InputBytes:N0} bytes in, {report.OutputBytes:N0} bytes out ({string.Join(", ", types.Select(type => FormattableString.Invariant($"{type.Count} {type.Name}")))}) in {seconds:F1} s"));
        if (report.WeightError > 0)
        {
            Console.WriteLine(FormattableString.Invariant($"weights that were rounded differ by {report.WeightError:P3} of their size"));
        }
        Console.WriteLine(check.AreEqual
            ? FormattableString.Invariant($"read back: the logits of {check.Tokens} tokens are the same bits")
            : FormattableString.Invariant($"read back: the logits of {check.Tokens} tokens differ by {check.RelativeError:G3} of their size (up to {check.AllowedError:G3} is expected), at most by {check.LargestDifference:G3}; {check.Divergence:G3} nats of divergence a token, the same choice for {check.SameChoice:P1}"));
    }

    /// <summary>Reported on the thread that works, unlike .NET's own.</summary>
    private sealed class Progress(StatusLine status) : IProgress<ConversionProgress>
    {
        private long _began;

        public void Report(ConversionProgress value)
        {
            _began = value.Total > 0 && _began == 0 ? Stopwatch.GetTimestamp() : _began;
            status.Show(() => value.Total == 0
                ? value.Activity
                : FormattableString.Invariant($"{value.Activity}: {100.0 * value.Done / value.Total:F0}%, {StatusLine.Remaining(Stopwatch.GetElapsedTime(_began), value.Done, value.Total)}"));
        }
    }
}
