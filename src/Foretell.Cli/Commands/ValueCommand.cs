using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Foretell.Tensors;
using Foretell.Training;

namespace Foretell.Cli.Commands;

/// <summary>foretell value: a value function that judges a model's paths of thought midway.</summary>
internal static class ValueCommand
{
    public static Command Create()
    {
        Argument<string> model = LoadedModel.Argument();
        var environment = new Option<string>("--environment") { Description = "Environments whose training problems the model answers, with commas between them: a name, name:level, training.", Required = true };
        var output = new Option<string>("--out") { Description = "The run's folder; the value function comes into its folder model.", Required = true };
        var settings = new Option<string[]>("--set") { Description = "key=value over the recipe's defaults, as in --set problems=1000. Keys: problems, samples, maximumTokens, temperature, heldOutShare, epochs, batchSize, learningRate, headLearningRate, clipNorm, seed, saveEvery.", AllowMultipleArgumentsPerToken = true };
        var seed = new Option<ulong?>("--seed") { Description = "Seed of problems and draws." };
        var resume = new Option<bool>("--resume") { Description = "Go on from the newest checkpoint in --out." };
        var json = new Option<bool>("--json") { Description = "Print cutBelow, saved, accuracy and accuracyWhole as JSON." };
        var device = new DeviceOptions(DType.Float32);
        var command = new Command("value", "Train a value function that judges a model's paths of thought midway, to cut the hopeless ones and to weigh votes. Example: foretell value runs/sft --environment word-problems:3 --out runs/value; then foretell evaluate runs/sft --environment word-problems:3 --samples 8 --value runs/value") { model, environment, output, settings, seed, resume, json };
        device.AddTo(command);
        command.SetAction(result =>
        {
            string folder = result.GetValue(output)!;
            if (TrainingRun.Exists(folder) && !result.GetValue(resume))
            {
                throw new FormatException($"{folder} already holds a run; add --resume to go on with it, or choose another --out.");
            }
            string[] sets = [.. result.GetValue(settings) ?? [], .. result.GetValue(seed) is ulong given ? [FormattableString.Invariant($"seed={given}")] : Array.Empty<string>()];
            MidwayRecipe recipe = MidwayRecipe.Parse(null, sets);
            EnvironmentLevel[] levels = [.. ReasoningArguments.Environments(result.GetValue(environment)!).Select(source => new EnvironmentLevel(source.Environment, source.Level))];
            using Device on = device.Create(result);
            using TrainedModel policy = TrainedModel.Load(result.GetValue(model)!, on);
            var prompts = new EnvironmentPrompts(levels, policy.Template, policy.Tokenizer, recipe.Seed);
            var value = new MidwayValue(recipe, policy, prompts, new VerdictReward(levels.Select(level => level.Environment).Distinct()), folder) { Notes = new JsonObject { ["model"] = Path.GetFullPath(result.GetValue(model)!) } };
            MidwayResult trained;
            using (var status = new StatusLine())
            {
                trained = value.Run(new Progress(status), CommandLine.CancelOnInterrupt());
            }
            CutOutcome whole = trained.Measurement.Outcomes[0];
            CutOutcome cut = trained.Measurement.Outcomes.First(outcome => outcome.Threshold == trained.CutBelow);
            double saved = 1 - ((double)cut.Tokens / whole.Tokens);
            if (result.GetValue(json))
            {
                JsonText.Print(new JsonObject
                {
                    ["finished"] = trained.Finished,
                    ["cutBelow"] = JsonText.Number(trained.CutBelow),
                    ["saved"] = JsonText.Number(saved),
                    ["accuracy"] = JsonText.Number(cut.Accuracy),
                    ["accuracyWhole"] = JsonText.Number(whole.Accuracy),
                    ["accuracyWeighted"] = JsonText.Number(cut.Weighted),
                });
            }
            else
            {
                Console.WriteLine(FormattableString.Invariant($"Under {trained.CutBelow:F2} a path is given up: {saved:P0} of the tokens saved, {cut.Accuracy:P1} right by vote ({cut.Weighted:P1} weighted by value) against {whole.Accuracy:P1} without. {Path.Combine(folder, "report.html")}"));
            }
            return trained.Finished ? 0 : CommandLine.Interrupted;
        });
        return command;
    }

    private sealed class Progress(StatusLine status) : IProgress<MidwayProgress>
    {
        private readonly long _began = Stopwatch.GetTimestamp();

        public void Report(MidwayProgress value) => status.Show(() =>
            FormattableString.Invariant($"step {value.Step} of {value.Steps}  loss {value.Loss:F4}  {StatusLine.Remaining(Stopwatch.GetElapsedTime(_began), value.Step, value.Steps)}"));
    }
}
