using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Foretell.Data;
using Foretell.Tensors;
using Foretell.Training;

namespace Foretell.Cli;

/// <summary>What foretell reward and foretell dpo share: their options, resuming, progress and the summary.</summary>
internal sealed class PreferenceSession
{
    private readonly string _verb;
    private readonly Argument<string?> _recipe = new("RECIPE") { Description = "A recipe file (JSON); without one every setting has its default.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _model = new("--model") { Description = "The model to begin with: a Hugging Face folder, a GGUF file, or a run's folder." };
    private readonly Option<string[]> _data = new("--data") { Description = "Files of comparisons: .json or .jsonl, plain or .gz, in TRL's, OpenAI's, LLaMA-Factory's or Anthropic's form.", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string?> _output = new("--out") { Description = "The run's folder; the finished model comes into its folder model." };
    private readonly Option<string[]> _settings;
    private readonly Option<long?> _steps = new("--steps") { Description = "Optimizer steps, in the place of epochs." };
    private readonly Option<ulong?> _seed = new("--seed") { Description = "Seed of the split and the order." };
    private readonly Option<bool> _resume = new("--resume") { Description = "Go on from the newest checkpoint in --out; the recipe, --model and --data need not be given again." };
    private readonly Option<bool> _json = new("--json") { Description = "Print the result as JSON: steps, finished, before, after, warnings, model." };
    private readonly DeviceOptions _device = new();

    /// <param name="verb">The command's name.</param>
    /// <param name="keys">The recipe's settings.</param>
    public PreferenceSession(string verb, IEnumerable<string> keys)
    {
        _verb = verb;
        _settings = new Option<string[]>("--set") { Description = "key=value over the recipe, as in --set learningRate=1e-5. Keys: " + string.Join(", ", keys) + ".", AllowMultipleArgumentsPerToken = true };
    }

    public void AddTo(Command command)
    {
        command.Add(_recipe);
        foreach (Option option in new Option[] { _model, _data, _output, _settings, _steps, _seed, _resume, _json })
        {
            command.Add(option);
        }
        _device.AddTo(command);
    }

    /// <summary>One run of the command.</summary>
    /// <param name="train">Makes the algorithm: of the recipe's JSON (null for none) and the settings, the model, the data, the run's folder and the notes for its config.json.</param>
    /// <param name="method">What the notes name as the method, so that a resume finds it again; null for a verb with one.</param>
    public int Run(ParseResult result, Func<string?, IReadOnlyList<string>, TrainedModel, PreferenceSet, string, JsonObject, Func<IProgress<PreferenceProgress>?, CancellationToken, PreferenceResult>> train, string? method = null)
    {
        string folder = result.GetValue(_output) ?? throw new FormatException($"{_verb} needs --out: the run's folder.");
        bool resumes = result.GetValue(_resume);
        if (TrainingRun.Exists(folder) && !resumes)
        {
            throw new FormatException($"{folder} already holds a run; add --resume to go on with it, or choose another --out.");
        }
        JsonObject? earlier = resumes ? TrainingRun.ReadConfig(folder) : null;
        string modelPath = result.GetValue(_model) ?? Text(earlier, "model") ?? throw new FormatException($"{_verb} needs --model: the model to begin with.");
        IReadOnlyList<string> paths = result.GetValue(_data) is { Length: > 0 } given ? given
            : earlier?["data"] is JsonArray before ? [.. before.Select(node => node!.GetValue<string>())]
            : throw new FormatException($"{_verb} needs --data: files of comparisons.");
        string? json = result.GetValue(_recipe) is string path ? ReadRecipe(path) : earlier?["recipe"]?.ToJsonString();
        List<string> sets = [.. result.GetValue(_settings) ?? []];
        if (result.GetValue(_steps) is long steps)
        {
            sets.Add(FormattableString.Invariant($"steps={steps}"));
        }
        if (result.GetValue(_seed) is ulong seed)
        {
            sets.Add(FormattableString.Invariant($"seed={seed}"));
        }
        var notes = new JsonObject
        {
            ["model"] = Path.GetFullPath(modelPath),
            ["data"] = new JsonArray([.. paths.Select(file => (JsonNode)JsonValue.Create(Path.GetFullPath(file)))]),
        };
        if (method is not null)
        {
            notes["method"] = method;
        }
        PreferenceSet data = PreferenceSet.Read(paths);
        CancellationToken cancellation = CommandLine.CancelOnInterrupt();
        using Device device = _device.Create(result);
        using TrainedModel model = TrainedModel.Load(modelPath, device);
        Func<IProgress<PreferenceProgress>?, CancellationToken, PreferenceResult> run = train(json, sets, model, data, folder, notes);
        // Machines read the standard output; people both.
        TextWriter told = result.GetValue(_json) ? Console.Error : Console.Out;
        told.WriteLine(FormattableString.Invariant($"{(data.Pairs.Count > 0 ? $"{data.Pairs.Count:N0} comparisons" : $"{data.Answers.Count:N0} labelled answers")}; kernels: {device.Description}"));
        PreferenceResult done = run(new Printer(told), cancellation);
        foreach (string warning in done.Warnings)
        {
            told.WriteLine("note: " + warning);
        }
        if (result.GetValue(_json))
        {
            JsonText.Print(new JsonObject
            {
                ["steps"] = done.Step,
                ["finished"] = done.IsFinished,
                ["before"] = Numbers(done.Before),
                ["after"] = Numbers(done.After),
                ["warnings"] = new JsonArray([.. done.Warnings.Select(warning => (JsonNode)JsonValue.Create(warning))]),
                ["model"] = done.IsFinished ? Path.Combine(folder, "model") : null,
            });
        }
        if (!done.IsFinished)
        {
            told.WriteLine(FormattableString.Invariant($"Stopped after step {done.Step:N0}; the checkpoint is saved. Go on with: foretell {_verb} --out {folder} --resume"));
            return CommandLine.Interrupted;
        }
        told.WriteLine($"model: {Path.Combine(folder, "model")}");
        told.WriteLine($"report: {Path.Combine(folder, "report.html")}");
        return 0;
    }

    /// <summary>The method that an earlier run in --out was made by; null where there is none.</summary>
    public string? EarlierMethod(ParseResult result) => result.GetValue(_resume) && result.GetValue(_output) is string folder ? Text(TrainingRun.ReadConfig(folder), "method") : null;

    private static string? Text(JsonObject? json, string name) => json?[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static string ReadRecipe(string path) => File.Exists(path) ? File.ReadAllText(path) : throw new FormatException($"There is no recipe {path}; recipes/ has some to start from.");

    private static JsonObject Numbers(IReadOnlyDictionary<string, double> values)
    {
        var json = new JsonObject();
        foreach ((string name, double value) in values)
        {
            json[name] = JsonText.Number(value);
        }
        return json;
    }

    /// <summary>Prints every measurement, and a line every few seconds between.</summary>
    private sealed class Printer(TextWriter output) : IProgress<PreferenceProgress>
    {
        private static readonly TimeSpan s_every = TimeSpan.FromSeconds(10);
        private long _last;

        public void Report(PreferenceProgress value)
        {
            bool isMeasured = value.Values.ContainsKey("heldOutAccuracy");
            if (!isMeasured && _last != 0 && Stopwatch.GetElapsedTime(_last) < s_every && value.Step != value.Steps)
            {
                return;
            }
            _last = Stopwatch.GetTimestamp();
            string training = Say(value.Values, ("loss", "loss", "F4"), ("accuracy", "accuracy", "P1"), ("gradientNorm", "norm", "F2"));
            string heldOut = isMeasured ? "  held out:" + Say(value.Values, ("heldOutLoss", "loss", "F4"), ("heldOutAccuracy", "accuracy", "P1"), ("heldOutTrueAccuracy", "against the truth", "P1"), ("heldOutMargin", "margin", "F3"), ("heldOutKl", "KL", "F3")) : "";
            string remaining = value.RemainingSeconds < 100 ? FormattableString.Invariant($"{value.RemainingSeconds:F0} s") : FormattableString.Invariant($"{value.RemainingSeconds / 60:F1} min");
            output.WriteLine(FormattableString.Invariant($"step {value.Step,5:N0}/{value.Steps:N0}{training}{(value.Step > 0 ? $"  {remaining} left" : "")}{heldOut}"));
        }

        private static string Say(IReadOnlyDictionary<string, double> values, params ReadOnlySpan<(string Name, string Label, string Format)> shown)
        {
            var text = new System.Text.StringBuilder();
            foreach ((string name, string label, string format) in shown)
            {
                if (values.TryGetValue(name, out double value))
                {
                    text.Append(CultureInfo.InvariantCulture, $"  {label} {value.ToString(format, CultureInfo.InvariantCulture)}");
                }
            }
            return text.ToString();
        }
    }
}
