using System.CommandLine;
using System.Globalization;
using Foretell.Evaluation;
using Foretell.Evaluation.Doubt;
using Foretell.World.Environments;

namespace Foretell.Cli;

/// <summary>What is asked of a model that reasons, and where the report goes.</summary>
/// <param name="Options">As they are measured; the threshold comes with the judge where null was given.</param>
/// <param name="JudgePath">A value function's folder; null for none.</param>
/// <param name="CutBelow">Null for the judge's own.</param>
/// <param name="Report">An HTML file; null for none.</param>
internal sealed record ReasoningRequest(ReasoningOptions Options, string? JudgePath, double? CutBelow, string? Report);

/// <summary>The options that say which problems are asked, how long a model may think and how often it may try.</summary>
internal sealed class ReasoningArguments
{
    private readonly Option<string?> _environment = new("--environment") { Description = "Environments whose held-out problems are asked, with commas between them: a name, name:level, all, training or heldout. Names: " + string.Join(", ", EnvironmentCatalogue.All.Select(one => one.Name)) + "." };
    private readonly Option<string?> _budget = new("--budget") { Description = "Budgets of thought in tokens, with commas between them, such as 0,16,32,64; each is measured. Without it the model thinks as long as it likes." };
    private readonly Option<int> _samples = new("--samples") { Description = "Answers to each problem; of the first 1, 2, 4... and all the most frequent is taken.", DefaultValueFactory = _ => 1 };
    private readonly Option<int> _problems = new("--problems") { Description = "Problems of each environment and level.", DefaultValueFactory = _ => 100 };
    private readonly Option<double?> _temperature = new("--temperature") { Description = "Divides the scores; 0 for one sample and 1 for several unless given." };
    private readonly Option<int> _maximumTokens = new("--max-tokens") { Description = "The most tokens of an answer, thoughts included.", DefaultValueFactory = _ => 256 };
    private readonly Option<ulong> _seed = new("--seed") { Description = "Of problems and draws.", DefaultValueFactory = _ => 1 };
    private readonly Option<string?> _value = new("--value") { Description = "A value function (foretell value): measured also with hopeless paths given up midway." };
    private readonly Option<double?> _cutBelow = new("--cut-below") { Description = "Gives a path up when its value falls under this probability; the value function's own threshold unless given." };
    private readonly Option<string?> _report = new("--report") { Description = "Writes the scores with a plot of accuracy against tokens to this HTML file." };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _environment, _budget, _samples, _problems, _temperature, _maximumTokens, _seed, _value, _cutBelow, _report })
        {
            command.Options.Add(option);
        }
    }

    public bool IsAsked(ParseResult result) => result.GetValue(_environment) is not null;

    /// <exception cref="FormatException">A value has not the right form.</exception>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public ReasoningRequest Read(ParseResult result)
    {
        var options = new ReasoningOptions
        {
            Environments = Environments(result.GetValue(_environment)!),
            Budgets = result.GetValue(_budget) is string budgets ? [.. budgets.Split(',').Select(Budget)] : [null],
            Samples = result.GetValue(_samples),
            Problems = result.GetValue(_problems),
            Temperature = result.GetValue(_temperature),
            MaximumTokens = result.GetValue(_maximumTokens),
            Seed = result.GetValue(_seed),
        };
        options.Validate();
        if (result.GetValue(_cutBelow) is double threshold && (result.GetValue(_value) is null || threshold is not (>= 0 and < 1)))
        {
            throw new FormatException(FormattableString.Invariant($"--cut-below {threshold}: wanted a probability in [0, 1), and --value with the value function that it is for."));
        }
        return new ReasoningRequest(options, result.GetValue(_value), result.GetValue(_cutBelow), result.GetValue(_report));
    }

    /// <summary>The same settings for questions of doubt.</summary>
    public DoubtEvaluationOptions ReadDoubt(ParseResult result) => new()
    {
        Questions = result.GetValue(_problems),
        Samples = result.GetValue(_samples) is int samples and > 1 ? samples : 0,
        MaximumTokens = result.GetValue(_maximumTokens),
        Seed = result.GetValue(_seed),
    };

    /// <summary>Environments and levels by name; of an environment without a level, each.</summary>
    /// <exception cref="FormatException">A level does not exist.</exception>
    /// <exception cref="ArgumentException">An environment does not.</exception>
    internal static IReadOnlyList<(IEnvironment Environment, int Level)> Environments(string names)
    {
        var found = new List<(IEnvironment, int)>();
        foreach (string name in names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] parts = name.Split(':');
            IReadOnlyList<IEnvironment> environments = parts[0] switch
            {
                "all" => EnvironmentCatalogue.All,
                "training" => EnvironmentCatalogue.Training,
                "heldout" => EnvironmentCatalogue.HeldOut,
                _ => [EnvironmentCatalogue.Named(parts[0])],
            };
            foreach (IEnvironment environment in environments)
            {
                if (parts.Length == 1)
                {
                    found.AddRange(Enumerable.Range(1, environment.Levels).Select(level => (environment, level)));
                }
                else if (parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int level) && level >= 1 && level <= environment.Levels)
                {
                    found.Add((environment, level));
                }
                else
                {
                    throw new FormatException(FormattableString.Invariant($"--environment {name}: {environment.Name} has the levels 1 to {environment.Levels}, as in {environment.Name}:1."));
                }
            }
        }
        return found;
    }

    private static int? Budget(string text) => int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int tokens)
        ? tokens
        : throw new FormatException($"--budget {text}: wanted numbers of tokens with commas between them, such as 0,16,32.");
}
