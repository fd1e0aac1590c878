using System.CommandLine;
using System.Text;
using Foretell.Tensors.Files;
using Foretell.World;

namespace Foretell.Cli.Commands;

/// <summary>foretell data preferences: comparisons of the little world, whose truth is known.</summary>
internal static class DataPreferencesCommand
{
    public static Command Create()
    {
        var count = new Option<int>("--count") { Description = "How many comparisons.", DefaultValueFactory = _ => 1000 };
        var noise = new Option<double>("--noise") { Description = "The share of labels that are the wrong way round, in [0, 0.5].", DefaultValueFactory = _ => 0 };
        var split = new Option<string>("--split") { Description = "training, or heldout: colours and things together that training never has.", DefaultValueFactory = _ => "training" };
        var labeller = new Option<int>("--labeller") { Description = "Who labels; each errs on their own.", DefaultValueFactory = _ => 0 };
        var start = new Option<long>("--start") { Description = "The first comparison's number.", DefaultValueFactory = _ => 0 };
        var seed = new Option<ulong>("--seed") { Description = "Names the comparisons.", DefaultValueFactory = _ => 1 };
        var output = new Option<string>("--out") { Description = "The .jsonl file to write; - for the standard output.", Required = true };
        var command = new Command("preferences", "Write comparisons of the little world: right over wrong, polite over rude, concise over rambling. Example: foretell data preferences --count 2000 --noise 0.2 --out comparisons.jsonl") { count, noise, split, labeller, start, seed, output };
        command.SetAction(result =>
        {
            if (result.GetValue(count) < 1)
            {
                throw new FormatException(FormattableString.Invariant($"--count {result.GetValue(count)}: wanted at least 1."));
            }
            WorldSplit part = result.GetValue(split) switch
            {
                "training" => WorldSplit.Training,
                "heldout" => WorldSplit.HeldOut,
                string other => throw new FormatException($"--split {other}: wanted training or heldout."),
                null => WorldSplit.Training,
            };
            if (result.GetValue(noise) is < 0 or > 0.5 or double.NaN)
            {
                throw new FormatException(FormattableString.Invariant($"--noise {result.GetValue(noise)}: wanted a share in [0, 0.5]."));
            }
            var world = new WorldPreferences(result.GetValue(seed), result.GetValue(noise));
            IEnumerable<string> lines = Enumerable.Range(0, result.GetValue(count)).Select(i => world.Comparison(result.GetValue(start) + i, part, result.GetValue(labeller)).ToJson() + "\n");
            if (result.GetValue(output) == "-")
            {
                using Stream stream = Console.OpenStandardOutput();
                WriteTo(stream, lines);
                return;
            }
            AtomicFile.Write(result.GetValue(output)!, stream => WriteTo(stream, lines));
        });
        return command;
    }

    private static void WriteTo(Stream stream, IEnumerable<string> lines)
    {
        foreach (string line in lines)
        {
            stream.Write(Encoding.UTF8.GetBytes(line));
        }
    }
}
