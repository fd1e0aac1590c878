using System.CommandLine;
using System.Globalization;
using Foretell.Cli.Quickstarting;
using Foretell.Tensors;

namespace Foretell.Cli.Commands;

/// <summary>foretell quickstart: the main job from nothing to a model that one can talk to.</summary>
internal static class QuickstartCommand
{
    public static Command Create()
    {
        var budget = new Option<string>("--budget") { Description = "About how long it may take on this machine: 90s, 5m, 1h.", DefaultValueFactory = _ => "10m" };
        var text = new Option<string[]>("--text") { Description = "Your own text instead of the little world: files, folders or globs.", AllowMultipleArgumentsPerToken = true };
        var output = new Option<string>("--out") { Description = "The run's folder.", DefaultValueFactory = _ => "runs/quickstart" };
        var seed = new Option<ulong>("--seed") { Description = "Seed of everything random.", DefaultValueFactory = _ => 1ul };
        var steps = new Option<long?>("--steps") { Description = "Exactly this many steps instead of what the budget allows: the same weights on every machine with the same kernels." };
        var noServe = new Option<bool>("--no-serve") { Description = "End without serving the chat page." };
        var device = new DeviceOptions();
        var command = new Command("quickstart", "Train a small GPT, make an assistant of it, show that it learned, and talk to it in the browser. Example: foretell quickstart --budget 10m") { budget, text, output, seed, steps, noServe };
        device.AddTo(command);
        command.SetAction(result =>
        {
            CancellationToken cancellation = CommandLine.CancelOnInterrupt();
            IReadOnlyDictionary<string, string> models;
            using (Device on = device.Create(result))
            {
                var quickstart = new Quickstart(on, device.Threads(result), Duration(result.GetValue(budget)!), result.GetValue(text) ?? [], result.GetValue(output)!, result.GetValue(seed), result.GetValue(steps));
                if (!quickstart.Run(cancellation))
                {
                    return CommandLine.Interrupted;
                }
                models = quickstart.Models;
            }
            if (result.GetValue(noServe))
            {
                Console.WriteLine($"Talk to it with: foretell chat {models.First().Value}, or on a page with: foretell serve {string.Concat(models.Select(model => $"--model {model.Key}={model.Value} "))}");
                return 0;
            }
            return ChatPage.Serve(models, result.GetValue(output)!, device.Threads(result), cancellation);
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
