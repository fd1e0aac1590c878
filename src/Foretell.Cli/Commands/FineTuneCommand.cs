using System.CommandLine;
using System.Text.Json.Nodes;
using Foretell.Tensors;
using Foretell.Tokenizers;
using Foretell.Training;

namespace Foretell.Cli.Commands;

/// <summary>foretell sft: from a model that continues texts to one that answers.</summary>
internal static class FineTuneCommand
{
    public static Command Create()
    {
        var recipe = new Argument<string?>("RECIPE") { Description = "A recipe file (JSON); without one every value has its default.", Arity = ArgumentArity.ZeroOrOne };
        var model = new Option<string?>("--model") { Description = "The model to fine-tune: a Hugging Face folder, a GGUF file, a run's folder or a PEFT adapter." };
        var data = new Option<string[]>("--data") { Description = "Files of conversations (.json or .jsonl, either with .gz): OpenAI messages, Alpaca, ShareGPT, or prompt and completion.", AllowMultipleArgumentsPerToken = true };
        var heldOut = new Option<string[]>("--held-out") { Description = "Files of conversations to judge by; without them a share of --data is held out.", AllowMultipleArgumentsPerToken = true };
        var output = new Option<string>("--out") { Description = "The run's folder; the finished model lies in OUT/model.", Required = true };
        var settings = new Option<string[]>("--set") { Description = "key=value over the recipe, as in --set learningRate=1e-4. Keys: " + string.Join(", ", FineTuningRecipe.Keys) + ".", AllowMultipleArgumentsPerToken = true };
        var lora = new Option<int?>("--lora") { Description = "Train low-rank adapters of this rank in the place of all weights; they are also written to OUT/adapter in PEFT's layout." };
        var epochs = new Option<double?>("--epochs") { Description = "Times that each conversation is learned." };
        var steps = new Option<long?>("--steps") { Description = "Optimizer steps, in the place of epochs." };
        var seed = new Option<ulong?>("--seed") { Description = "Seed of everything random." };
        var addMarkers = new Option<bool>("--add-markers") { Description = "Give a vocabulary without them the markers of turns and thoughts; their rows begin as the mean of the others." };
        var template = new Option<string?>("--template") { Description = "A chat template (Jinja) in the place of the model's own, or chatml for the default one." };
        var resume = new Option<bool>("--resume") { Description = "Go on from the newest checkpoint in --out." };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON; progress then goes to the error output." };
        var device = new DeviceOptions();
        var command = new Command("sft", "Fine-tune a model on conversations: it learns what the assistant says, and to end its turns. Example: foretell sft --model runs/base --data chats.jsonl --out runs/assistant") { recipe, model, data, heldOut, output, settings, lora, epochs, steps, seed, addMarkers, template, resume, json };
        device.AddTo(command);
        command.SetAction(result =>
        {
            string folder = result.GetValue(output)!;
            bool hasRun = TrainingRun.Exists(folder);
            if (hasRun && !result.GetValue(resume))
            {
                throw new FormatException($"{folder} already holds a run; add --resume to go on with it, or choose another --out.");
            }
            JsonObject? earlier = result.GetValue(resume) ? TrainingRun.ReadConfig(folder) : null;
            List<string> sets = [.. result.GetValue(settings) ?? []];
            Override(sets, "loraRank", result.GetValue(lora));
            Override(sets, "epochs", result.GetValue(epochs));
            Override(sets, "steps", result.GetValue(steps));
            Override(sets, "seed", result.GetValue(seed));
            var inputs = new FineTuningInputs(
                result.GetValue(model) ?? FineTuningInputs.Text(earlier, "modelPath") ?? throw new FormatException("sft needs --model: the model to fine-tune."),
                result.GetValue(data) is { Length: > 0 } given ? given : FineTuningInputs.Texts(earlier, "data") ?? throw new FormatException("sft needs --data: files of conversations."),
                result.GetValue(heldOut) is { Length: > 0 } held ? held : FineTuningInputs.Texts(earlier, "heldOutData") ?? [],
                result.GetValue(addMarkers) || earlier?["addMarkers"]?.GetValue<bool>() == true,
                result.GetValue(template) is string file ? ReadTemplate(file).Source : FineTuningInputs.Text(earlier, "template"));
            FineTuningRecipe parsed = FineTuningRecipe.Parse(result.GetValue(recipe) is string path ? ReadRecipe(path) : earlier?["recipe"]?.ToJsonString(), sets);
            using Device on = device.Create(result);
            var session = new FineTuningSession(parsed, inputs, folder, on, result.GetValue(json) ? Console.Error : Console.Out);
            JsonObject? outcome = session.Run(CommandLine.CancelOnInterrupt());
            if (outcome is not null && result.GetValue(json))
            {
                JsonText.Print(outcome);
            }
            return outcome is null ? CommandLine.Interrupted : 0;
        });
        return command;
    }

    private static string ReadRecipe(string path) => File.Exists(path) ? File.ReadAllText(path) : throw new FormatException($"There is no recipe {path}; recipes/ has some to start from.");

    private static ChatTemplate ReadTemplate(string path) => path == "chatml" ? ChatTemplate.ChatMl : ChatTemplate.Load(File.Exists(path) ? path : throw new FormatException($"There is no chat template {path}."))!;

    private static void Override<T>(List<string> sets, string key, T? value)
        where T : struct
    {
        if (value is T given)
        {
            sets.Add(FormattableString.Invariant($"{key}={given}"));
        }
    }
}
