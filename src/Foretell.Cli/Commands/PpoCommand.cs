using System.CommandLine;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Training;

namespace Foretell.Cli.Commands;

/// <summary>foretell ppo: a model learns to please a reward model without straying from what it was.</summary>
internal static class PpoCommand
{
    private const string Verb = "ppo";

    public static Command Create()
    {
        var arguments = new ReinforcementArguments(ProximalRecipe.Keys);
        var command = new Command(Verb, "Improve a fine-tuned model by rewards with a value function (PPO). Example: foretell ppo recipes/ppo-preferences.json --model runs/sft --reward runs/reward --prompts pairs.jsonl --out runs/ppo");
        arguments.AddTo(command);
        command.SetAction(result =>
        {
            string folder = arguments.Folder(result);
            (string? json, IReadOnlyList<string> settings, ReinforcementArguments.Inputs inputs) = arguments.Read(result, Verb);
            ProximalRecipe recipe = ProximalRecipe.Parse(json, settings);
            using Device device = arguments.Device.Create(result);
            using var setup = ReinforcementSetup.Load(recipe, inputs, device);
            ReinforcementSession.Announce(setup, recipe, device, trained: 1, arguments.Json(result) ? Console.Error : Console.Out);
            using TrainedModel values = TrainedModel.Load(inputs.Model, device);
            using var head = new ScalarHead(values.Transformer.Config.Channels, device, training: true);
            var training = new ProximalPolicy(recipe, setup.Policy, values.Transformer, head, setup.Reference.Transformer, setup.Task, folder);
            return ReinforcementSession.Run(Verb, folder, recipe.ToJson(), recipe, arguments.Json(result), training.Run, setup.Subtitle(inputs));
        });
        return command;
    }
}
