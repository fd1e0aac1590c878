using System.CommandLine;
using Foretell.Training;

namespace Foretell.Cli.Commands;

/// <summary>foretell reward: from comparisons to a model that scores answers.</summary>
internal static class RewardCommand
{
    public static Command Create()
    {
        var session = new PreferenceSession("reward", RewardRecipe.Keys);
        var command = new Command("reward", "Train a reward model on comparisons of answers. Example: foretell reward --model runs/chat --data comparisons.jsonl --out runs/reward") { RewardScoreCommand.Create() };
        session.AddTo(command);
        command.SetAction(result => session.Run(result, (json, settings, model, data, folder, notes) =>
            new RewardModeling(RewardRecipe.Parse(json, settings), model, data, folder) { Notes = notes }.Run));
        return command;
    }
}
