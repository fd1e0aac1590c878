using System.CommandLine;
using Foretell.Tensors;
using Foretell.Training;

namespace Foretell.Cli.Commands;

/// <summary>foretell grpo: a model learns from answers whose worth can be checked.</summary>
internal static class GrpoCommand
{
    private const string Verb = "grpo";

    public static Command Create()
    {
        var arguments = new ReinforcementArguments(GroupRelativeRecipe.Keys);
        var command = new Command(Verb, "Improve a fine-tuned model by rewards, measuring answers against each other (GRPO, Dr. GRPO, DAPO, RLOO). Example: foretell grpo recipes/grpo-world.json --model runs/sft --out runs/grpo");
        arguments.AddTo(command);
        command.SetAction(result =>
        {
            string folder = arguments.Folder(result);
            (string? json, IReadOnlyList<string> settings, ReinforcementArguments.Inputs inputs) = arguments.Read(result, Verb);
            GroupRelativeRecipe recipe = GroupRelativeRecipe.Parse(json, settings);
            using Device device = arguments.Device.Create(result);
            using var setup = ReinforcementSetup.Load(recipe, inputs, device);
            ReinforcementSession.Announce(setup, recipe, device, trained: 0, arguments.Json(result) ? Console.Error : Console.Out);
            var training = new GroupRelativePolicy(recipe, setup.Policy, setup.Reference.Transformer, setup.Task, folder);
            return ReinforcementSession.Run(Verb, folder, recipe.ToJson(), recipe, arguments.Json(result), training.Run, setup.Subtitle(inputs));
        });
        return command;
    }
}
