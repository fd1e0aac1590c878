using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Training;
using Foretell.Training.Reports;

namespace Foretell.Cli;

/// <summary>A run of grpo or ppo in the terminal: what it needs, how it goes, where it left its results.</summary>
internal static class ReinforcementSession
{
    private const int BytesANumber = sizeof(float);

    /// <summary>Says what a run will hold, and refuses one that cannot fit.</summary>
    /// <param name="trained">Models with gradients and optimizer state, apart from the policy's own.</param>
    public static void Announce(ReinforcementSetup setup, ReinforcementRecipe recipe, Device device, int trained, TextWriter output)
    {
        TransformerConfig model = setup.Policy.Transformer.Config;
        // Weights, gradients and two moments; a packed copy and its transpose; the reference with one copy.
        long weights = model.ParameterCount * BytesANumber * ((6 * (1 + trained)) + 2);
        long sequences = Math.Min((long)recipe.PromptsPerStep * recipe.Samples, recipe.Concurrency);
        long cache = Math.Min(1L << 30, sequences * model.ContextLength * setup.Policy.Transformer.CacheBytesPerToken);
        long rows = Math.Max(SequenceGradient.RowsAtOnce, model.ContextLength);
        long activations = rows * BytesANumber * model.Layers * ((6L * model.Channels) + (6L * model.Heads * model.HeadSize) + (3L * model.HiddenChannels));
        long total = weights + cache + activations;
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        output.WriteLine(FormattableString.Invariant($"model: {model.ParameterCount:N0} parameters, {model.Layers} layers x {model.Channels} channels, context {model.ContextLength}; {device.Description}"));
        output.WriteLine($"memory: about {MemoryEstimate.Gigabytes(total)} of {MemoryEstimate.Gigabytes(available)} (weights, gradients and optimizers {MemoryEstimate.Gigabytes(weights)}, keys and values {MemoryEstimate.Gigabytes(cache)}, activations {MemoryEstimate.Gigabytes(activations)})");
        if (total > available)
        {
            throw new InvalidOperationException($"This run needs about {MemoryEstimate.Gigabytes(total)} of memory and {MemoryEstimate.Gigabytes(available)} are available; choose a smaller model, or fewer answers at once (--set concurrency=N).");
        }
        output.WriteLine(FormattableString.Invariant($"a step: {recipe.PromptsPerStep} prompts, {recipe.Samples} answers each of at most {recipe.MaximumTokens} tokens, {recipe.Epochs * recipe.Minibatches} updates; {recipe.Steps} steps"));
    }

    /// <summary>Runs to the end or until interrupted, and writes the report.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(string verb, string folder, string recipeJson, ReinforcementRecipe recipe, bool json, Func<IProgress<ReinforcementProgress>, CancellationToken, ReinforcementResult> train, string subtitle)
    {
        ReinforcementResult result = train(new Printer(json ? Console.Error : Console.Out), CommandLine.CancelOnInterrupt());
        string path = Path.Combine(folder, "report.html");
        IReadOnlyList<MetricsEntry> metrics = MetricsLog.Read(Path.Combine(folder, "metrics.jsonl"));
        HtmlReport report = ReinforcementReport.Create($"{(verb == "ppo" ? "Proximal policy optimisation" : "Group relative policy optimisation")}: {Path.GetFileName(Path.GetFullPath(folder))}", subtitle, metrics, recipe.EvaluationProblems);
        report.Section("The recipe").Code(recipeJson);
        report.Save(path);
        if (json)
        {
            JsonText.Print(Summary(result, metrics, folder, path));
        }
        else if (result.IsFinished)
        {
            Console.WriteLine($"model: {Path.Combine(folder, "model")}");
            Console.WriteLine($"report: {path}");
        }
        if (!result.IsFinished)
        {
            Console.Error.WriteLine(FormattableString.Invariant($"Stopped after step {result.Step:N0}; the checkpoint is saved. Go on with: foretell {verb} --out {folder} --resume"));
            return CommandLine.Interrupted;
        }
        return 0;
    }

    private static JsonObject Summary(ReinforcementResult result, IReadOnlyList<MetricsEntry> metrics, string folder, string report)
    {
        var last = new JsonObject();
        foreach (string name in metrics.SelectMany(entry => entry.Values.Keys).Distinct())
        {
            last[name] = JsonText.Number(metrics.Last(entry => entry.Values.ContainsKey(name)).Values[name]);
        }
        return new JsonObject
        {
            ["steps"] = result.Step,
            ["finished"] = result.IsFinished,
            ["last"] = last,
            ["warnings"] = new JsonArray([.. result.Warnings.Select(warning => (JsonNode)new JsonObject { ["signal"] = warning.Signal, ["message"] = warning.Message })]),
            ["model"] = result.IsFinished ? Path.Combine(folder, "model") : null,
            ["report"] = report,
        };
    }

    /// <summary>Prints a line every few seconds, and every measurement and warning.</summary>
    private sealed class Printer(TextWriter output) : IProgress<ReinforcementProgress>
    {
        private static readonly TimeSpan s_every = TimeSpan.FromSeconds(10);
        private long _last;

        public void Report(ReinforcementProgress p)
        {
            if (_last == 0 || Stopwatch.GetElapsedTime(_last) >= s_every || p.Step == p.Steps || p.Evaluation is not null)
            {
                _last = Stopwatch.GetTimestamp();
                string left = p.RemainingSeconds < 100 ? FormattableString.Invariant($"{p.RemainingSeconds:F0} s") : FormattableString.Invariant($"{p.RemainingSeconds / 60:F1} min");
                output.WriteLine(FormattableString.Invariant($"step {p.Step,5:N0}/{p.Steps:N0}  reward {p.Values["reward"]:F3}{Value("  kl ", "kl", "F2")}{Value("  entropy ", "entropy", "F2")}{Value("  clipped ", "clipped", "P1")}  {p.Values["length"]:F0} tokens{Value("  explained ", "explainedVariance", "F2")}  {left} left"));

                string Value(string label, string name, string format) => p.Values.TryGetValue(name, out double value) ? label + value.ToString(format, CultureInfo.InvariantCulture) : "";
            }
            if (p.Evaluation is EvaluationResult evaluation)
            {
                string levels = string.Join("  ", evaluation.Levels.Select(level => FormattableString.Invariant($"{level.Name}{(level.IsHeldOut ? "*" : "")} {level.Accuracy:P0}")));
                string judge = evaluation.Judge is double score ? FormattableString.Invariant($"  judge {score:F3}") : "";
                string wins = evaluation.WinRate is double rate ? FormattableString.Invariant($"  preferred {rate:P0}") : "";
                output.WriteLine($"    held out: {levels}{judge}{wins}".TrimEnd());
            }
            foreach (HealthWarning warning in p.Warnings)
            {
                output.WriteLine($"    ! {warning.Message}");
            }
        }
    }
}
