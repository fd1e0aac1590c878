using System.CommandLine;
using System.Globalization;
using Foretell.Tensors;

namespace Foretell.Cli.Commands;

/// <summary>foretell quickstart: the main job from nothing to a model that one can talk to.</summary>
internal static class QuickstartCommand
{
    public static Command Create()
    {
        var budget = new Option<string>("--budget") { Description = "About how long it may take on this machine: 90s, 5m, 1h.", DefaultValueFactory = _ => "5m" };
        var text = new Option<string[]>("--text") { Description = "Your own text instead of the little world: files, folders or globs.", AllowMultipleArgumentsPerToken = true };
        var output = new Option<string>("--out") { Description = "The run's folder.", DefaultValueFactory = _ => "runs/quickstart" };
        var seed = new Option<ulong>("--seed") { Description = "Seed of everything random.", DefaultValueFactory = _ => 1ul };
        var steps = new Option<long?>("--steps") { Description = "Exactly this many steps instead of what the budget allows: the same weights on every machine with the same kernels." };
        var noServe = new Option<bool>("--no-serve") { Description = "End without the prompt to talk to the model." };
        var device = new DeviceOptions();
        var command = new Command("quickstart", "Train a small GPT, show that it learned, and talk to it. Example: foretell quickstart --budget 5m") { budget, text, output, seed, steps, noServe };
        device.AddTo(command);
        command.SetAction(result =>
        {
            using Device on = device.Create(result);
            var quickstart = new Quickstart(on, () => device.Create(result), device.Threads(result), Duration(result.GetValue(budget)!), result.GetValue(text) ?? [], result.GetValue(output)!, result.GetValue(seed), result.GetValue(steps));
            return quickstart.Run(!result.GetValue(noServe), CommandLine.CancelOnInterrupt()) ? 0 : CommandLine.Interrupted;
        });
        return command;
    }

    /// <summary>"90s", "5m", "1h" or a number of minutes.</summary>
    internal static TimeSpan Duration(string text)
    {
        string number = text.TrimEnd('s', 'm', 'h');
        double unit = text.Length == number.Length ? 60 : text[^1] switch { 's' => 1, 'm' => 60, _ => 3600 };
        return text.Length - number.Length <= 1 && double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value > 0 && value * unit < 1e6
            ? TimeSpan.FromSeconds(value * unit)
            : throw new FormatException($"--budget {text}: wanted a time such as 90s, 5m or 1h.");
    }
}
