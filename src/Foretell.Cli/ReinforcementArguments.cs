using System.CommandLine;
using System.Text.Json.Nodes;
using Foretell.Training;

namespace Foretell.Cli;

/// <summary>What grpo and ppo are given, and what they find in the run's folder when they go on.</summary>
internal sealed class ReinforcementArguments
{
    // What config.json holds beside the recipe, since it does not decide the weights.
    private static readonly string[] s_besides = ["evaluateEvery", "evaluationProblems", "checkpointEvery", "keepCheckpoints", "heldOutEnvironments", "concurrency"];

    private readonly Argument<string?> _recipe = new("RECIPE") { Description = "A recipe file (JSON); recipes/ has some to start from.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _model = new("--model") { Description = "The fine-tuned model to go on from: a folder, or the run that made it." };
    private readonly Option<string[]> _environments = Many("--environment", "What is asked: NAME, NAME:LEVEL or NAME:FROM-TO, several by spaces; training (or all) for every environment that may be trained on.");
    private readonly Option<string[]> _heldOut = Many("--held-out", "What is only measured, in the same form; heldout for the environments that are never trained on (the default with --environment).");
    private readonly Option<string[]> _rewards = Many("--reward", "verdict for the environments' verifiers (the default with --environment), and the folders of reward models.");
    private readonly Option<string[]> _prompts = Many("--prompts", "JSON lines to ask, in the place of environments: \"prompt\" or \"messages\"; files of preference pairs serve.");
    private readonly Option<string[]> _evaluationPrompts = Many("--evaluation-prompts", "Prompts that are never trained on, for the judge.");
    private readonly Option<string?> _judge = new("--judge") { Description = "A reward model that gives no reward: it measures held-out answers, and how often it prefers them to the first model's. Default with --evaluation-prompts: the first reward model." };
    private readonly Option<string> _output = new("--out") { Description = "The run's folder.", Required = true };
    private readonly Option<string[]> _settings;
    private readonly Option<long?> _steps = new("--steps") { Description = "Steps, each of rollouts and what is learned from them." };
    private readonly Option<ulong?> _seed = new("--seed") { Description = "Seed of everything random." };
    private readonly Option<bool> _resume = new("--resume") { Description = "Go on from the newest checkpoint in --out; nothing else need be said again." };
    private readonly Option<bool> _json = new("--json") { Description = "Print the result as JSON." };
    private readonly DeviceOptions _device = new();

    public ReinforcementArguments(IEnumerable<string> keys)
    {
        _settings = Many("--set", "key=value over the recipe, as in --set learningRate=3e-4. Keys: " + string.Join(", ", keys) + ".");
    }

    public DeviceOptions Device => _device;

    public void AddTo(Command command)
    {
        command.Arguments.Add(_recipe);
        foreach (Option option in (Option[])[_model, _environments, _heldOut, _rewards, _prompts, _evaluationPrompts, _judge, _output, _settings, _steps, _seed, _resume, _json])
        {
            command.Options.Add(option);
        }
        _device.AddTo(command);
    }

    public string Folder(ParseResult result) => result.GetValue(_output)!;

    public bool Json(ParseResult result) => result.GetValue(_json);

    /// <summary>The paths that a run is about.</summary>
    /// <param name="Rewards">"verdict" or folders.</param>
    public sealed record Inputs(string Model, string[] Rewards, string[] Prompts, string[] EvaluationPrompts, string? Judge)
    {
        public JsonObject ToJson() => new()
        {
            ["model"] = Model,
            ["rewards"] = List(Rewards),
            ["prompts"] = List(Prompts),
            ["evaluationPrompts"] = List(EvaluationPrompts),
            ["judge"] = Judge,
        };

        public static Inputs Of(JsonNode json) => new(
            (string)json["model"]!, Texts(json["rewards"]), Texts(json["prompts"]), Texts(json["evaluationPrompts"]), (string?)json["judge"]);

        private static JsonArray List(string[] texts) => new([.. texts.Select(text => (JsonNode?)JsonValue.Create(text))]);

        private static string[] Texts(JsonNode? list) => [.. list!.AsArray().Select(text => (string)text!)];
    }

    /// <summary>The recipe's JSON, the settings over it, and the paths; from the run's folder where it goes on.</summary>
    /// <param name="verb">grpo or ppo.</param>
    /// <exception cref="FormatException">Something that is needed was not given, or does not go together.</exception>
    public (string? Json, IReadOnlyList<string> Settings, Inputs Inputs) Read(ParseResult result, string verb)
    {
        string folder = Folder(result);
        bool hasRun = TrainingRun.Exists(folder);
        bool resumes = result.GetValue(_resume);
        if (hasRun && !resumes)
        {
            throw new FormatException($"{folder} already holds a run; add --resume to go on with it, or choose another --out.");
        }
        JsonObject? earlier = resumes ? TrainingRun.ReadConfig(folder) : null;
        if (earlier is not null && (string?)earlier["algorithm"] != verb)
        {
            throw new FormatException($"{folder} holds a run of {(string?)earlier["algorithm"] ?? "another kind"}; go on with it by that verb, or choose another --out.");
        }
        Inputs? before = earlier?["paths"] is JsonNode paths ? Inputs.Of(paths) : null;
        string model = result.GetValue(_model) ?? before?.Model ?? throw new FormatException($"{verb} needs --model: the fine-tuned model to go on from.");
        string[] prompts = Given(_prompts, before?.Prompts);
        var settings = new List<string>(result.GetValue(_settings) ?? []);
        Override(settings, "environments", result.GetValue(_environments));
        Override(settings, "heldOutEnvironments", result.GetValue(_heldOut));
        if (result.GetValue(_steps) is long steps)
        {
            settings.Add(FormattableString.Invariant($"steps={steps}"));
        }
        if (result.GetValue(_seed) is ulong seed)
        {
            settings.Add(FormattableString.Invariant($"seed={seed}"));
        }
        string? json = result.GetValue(_recipe) is string path ? ReadRecipe(path) : earlier is null ? null : Recipe(earlier);
        return (json, settings, new Inputs(Path.GetFullPath(model), [.. Given(_rewards, before?.Rewards).Select(Full)], [.. prompts.Select(Path.GetFullPath)], [.. Given(_evaluationPrompts, before?.EvaluationPrompts).Select(Path.GetFullPath)], result.GetValue(_judge) is string judge ? Full(judge) : before?.Judge));

        string[] Given(Option<string[]> option, string[]? earlierOnes) => result.GetValue(option) is { Length: > 0 } given ? given : earlierOnes ?? [];

        static string Full(string reward) => reward == ReinforcementSetup.Verdict ? reward : Path.GetFullPath(reward);
    }

    private static void Override(List<string> settings, string key, string[]? values)
    {
        if (values is { Length: > 0 })
        {
            settings.Add($"{key}={new JsonArray([.. values.SelectMany(value => value.Split(',')).Select(value => (JsonNode?)JsonValue.Create(value))]).ToJsonString()}");
        }
    }

    private static string Recipe(JsonObject config)
    {
        JsonObject recipe = config["recipe"]!.DeepClone().AsObject();
        foreach (string name in s_besides)
        {
            if (config[name] is JsonNode value)
            {
                recipe[name] = value.DeepClone();
            }
        }
        return recipe.ToJsonString();
    }

    private static string ReadRecipe(string path) => File.Exists(path) ? File.ReadAllText(path) : throw new FormatException($"There is no recipe {path}; recipes/ has some to start from.");

    private static Option<string[]> Many(string name, string description) => new(name) { Description = description, AllowMultipleArgumentsPerToken = true };
}
