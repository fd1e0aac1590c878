using System.CommandLine;
using Foretell.World;
using Foretell.World.Environments;

namespace Foretell.Cli.Commands;

/// <summary>foretell data problems: problems of the environments as lines of JSON, for fine-tuning and for reinforcement.</summary>
internal static class DataProblemsCommand
{
    public static Command Create()
    {
        var environment = new Option<string>("--environment") { Description = "A name, or all, training, heldout. Names: " + string.Join(", ", EnvironmentCatalogue.All.Select(one => one.Name)) + ".", Required = true };
        var level = new Option<int?>("--level") { Description = "From 1 to the environment's highest; every level in turn unless given." };
        var count = new Option<int>("--count") { Description = "How many problems; the environments and levels take turns.", DefaultValueFactory = _ => 100 };
        Option<string> split = Split();
        var seed = new Option<ulong>("--seed") { Description = "Which problems.", DefaultValueFactory = _ => 1 };
        Option<string> output = JsonLinesOutput.Option();
        var command = new Command("problems", "Write problems with checkable answers, a line of JSON each: OpenAI messages (the thoughts as reasoning_content) and the problem. Example: foretell data problems --environment arithmetic --level 2 --count 1000 --out sums.jsonl") { environment, level, count, split, seed, output };
        command.SetAction(result =>
        {
            WorldSplit part = SplitOf(result.GetValue(split)!);
            if (result.GetValue(count) < 1)
            {
                throw new FormatException(FormattableString.Invariant($"--count {result.GetValue(count)}: wanted at least 1."));
            }
            (IEnvironment Environment, int Level)[] sources = Sources(result.GetValue(environment)!, result.GetValue(level));
            ulong start = result.GetValue(seed);
            IEnumerable<string> lines = Enumerable.Range(0, result.GetValue(count)).Select(index =>
            {
                (IEnvironment source, int at) = sources[index % sources.Length];
                return ProblemJson.Write(source.Generate(SeedOf(start, index / sources.Length), at, part));
            });
            JsonLinesOutput.Write(lines, result.GetValue(output)!, CommandLine.CancelOnInterrupt());
        });
        return command;
    }

    /// <summary>The option that names the part of the world.</summary>
    public static Option<string> Split() => new("--split") { Description = "training, or heldout: what training never asks.", DefaultValueFactory = _ => "training" };

    /// <exception cref="FormatException">It is neither of the two.</exception>
    public static WorldSplit SplitOf(string name) => name switch
    {
        "training" => WorldSplit.Training,
        "heldout" => WorldSplit.HeldOut,
        _ => throw new FormatException($"--split {name}: wanted training or heldout."),
    };

    private static (IEnvironment Environment, int Level)[] Sources(string name, int? level)
    {
        IReadOnlyList<IEnvironment> environments = name switch
        {
            "all" => EnvironmentCatalogue.All,
            "training" => EnvironmentCatalogue.Training,
            "heldout" => EnvironmentCatalogue.HeldOut,
            _ => [EnvironmentCatalogue.Named(name)],
        };
        // Of several environments, those that have the level; of one, the level or a sentence.
        var sources = environments.SelectMany(one => Enumerable.Range(1, one.Levels).Select(at => (one, at))).Where(source => level is null || source.at == level).ToArray();
        return sources.Length > 0 ? sources : throw new FormatException(FormattableString.Invariant(
            $"--level {level}: {(environments.Count == 1 ? $"{name} has" : "the environments have")} the levels 1 to {environments.Max(one => one.Levels)}."));
    }

    // Seeds of neighbouring --seed values must not overlap.
    public static ulong SeedOf(ulong seed, int index) => unchecked((seed * 0x9E3779B97F4A7C15) + (ulong)index);
}
