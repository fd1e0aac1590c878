using System.CommandLine;
using Foretell.Tensors;
using Foretell.Training;

namespace Foretell.Cli.Commands;

/// <summary>foretell pretrain: from text to a trained model.</summary>
internal static class PretrainCommand
{
    public static Command Create()
    {
        var recipe = new Argument<string?>("RECIPE") { Description = "A recipe file (JSON); without one every value follows from the dial.", Arity = ArgumentArity.ZeroOrOne };
        var text = new Option<string[]>("--text") { Description = "Files, folders or globs: .txt, .jsonl, either with .gz.", AllowMultipleArgumentsPerToken = true };
        var output = new Option<string>("--out") { Description = "The run's folder.", Required = true };
        var settings = new Option<string[]>("--set") { Description = "key=value over the recipe, as in --set contextLength=512. Keys: " + string.Join(", ", RecipeKeys()) + ".", AllowMultipleArgumentsPerToken = true };
        var depth = new Option<int?>("--depth") { Description = "Number of blocks, from which every other size follows." };
        var parameters = new Option<long?>("--parameters") { Description = "Wanted number of parameters, from which the depth follows." };
        var steps = new Option<long?>("--steps") { Description = "Optimizer steps." };
        var seed = new Option<ulong?>("--seed") { Description = "Seed of everything random." };
        var resume = new Option<bool>("--resume") { Description = "Go on from the newest checkpoint in --out." };
        var device = new DeviceOptions();
        var command = new Command("pretrain", "Train a model on text. Example: foretell pretrain --text novels/ --out runs/novels --depth 4") { recipe, text, output, settings, depth, parameters, steps, seed, resume };
        device.AddTo(command);
        command.SetAction(result =>
        {
            string folder = result.GetValue(output)!;
            bool resumes = result.GetValue(resume);
            bool hasRun = Checkpoint.Newest(Path.Combine(folder, "checkpoints")) is not null;
            if (hasRun && !resumes)
            {
                throw new FormatException($"{folder} already holds a run; add --resume to go on with it, or choose another --out.");
            }
            (string Recipe, IReadOnlyList<string> Text)? earlier = resumes ? PretrainingWorkspace.ReadConfig(folder) : null;
            IReadOnlyList<string> paths = result.GetValue(text) is { Length: > 0 } given ? given : earlier?.Text
                ?? throw new FormatException("pretrain needs --text: files, folders or globs to learn from.");
            string? json = result.GetValue(recipe) is string path ? ReadRecipe(path) : earlier?.Recipe;
            List<string> sets = [.. result.GetValue(settings) ?? []];
            Override(sets, "depth", result.GetValue(depth), instead: "parameters");
            Override(sets, "parameters", result.GetValue(parameters), instead: "depth");
            Override(sets, "steps", result.GetValue(steps));
            Override(sets, "seed", result.GetValue(seed));
            PretrainingRecipe parsed = PretrainingRecipe.Parse(json, sets);
            using Device on = device.Create(result);
            CancellationToken cancellation = CommandLine.CancelOnInterrupt();
            if (hasRun && earlier is { } begun && !begun.Text.SequenceEqual(paths.Select(Path.GetFullPath)))
            {
                throw new FormatException($"{folder} was trained on {string.Join(", ", begun.Text)}; resume without --text, or choose another --out for another text.");
            }
            using PretrainingWorkspace workspace = hasRun
                ? PretrainingWorkspace.Reopen(parsed, folder)
                : PretrainingWorkspace.Prepare(parsed, paths, folder, device.Threads(result), Console.WriteLine, cancellation);
            return PretrainingSession.Run(workspace, on, $"Pretraining {Path.GetFileName(Path.GetFullPath(folder))}", $"foretell pretrain --out {folder} --resume", cancellation) ? 0 : CommandLine.Interrupted;
        });
        return command;
    }

    private static string ReadRecipe(string path) => File.Exists(path) ? File.ReadAllText(path) : throw new FormatException($"There is no recipe {path}; recipes/ has some to start from.");

    /// <param name="instead">A setting of the recipe that this one takes the place of.</param>
    private static void Override<T>(List<string> sets, string key, T? value, string? instead = null)
        where T : struct
    {
        if (value is T given)
        {
            if (instead is not null && !sets.Exists(set => set.StartsWith(instead + "=", StringComparison.Ordinal)))
            {
                sets.Add(instead + "=null");
            }
            sets.Add(FormattableString.Invariant($"{key}={given}"));
        }
    }

    private static IEnumerable<string> RecipeKeys() => PretrainingRecipe.Keys;
}
