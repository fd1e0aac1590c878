using System.CommandLine;
using Foretell.Training;

namespace Foretell.Cli.Commands;

/// <summary>foretell dpo: a policy from comparisons, without a reward model between.</summary>
internal static class PreferenceCommand
{
    public static Command Create()
    {
        var session = new PreferenceSession("dpo", DirectPreferenceRecipe.Keys.Concat(KahnemanTverskyRecipe.Keys).Concat(OddsRatioRecipe.Keys).Distinct().Order(StringComparer.Ordinal));
        var method = new Option<string?>("--method") { Description = "dpo (Rafailov 2023), ipo (Azar 2023), kto (Ethayarajh 2024; also from single answers with labels) or orpo (Hong 2024). Default dpo." };
        var command = new Command("dpo", "Learn preferences directly from comparisons. Example: foretell dpo --model runs/chat --data comparisons.jsonl --out runs/dpo --set beta=0.1") { method };
        session.AddTo(command);
        command.SetAction(result =>
        {
            string chosen = result.GetValue(method) ?? session.EarlierMethod(result) ?? "dpo";
            return session.Run(result, (json, settings, model, data, folder, notes) => chosen switch
            {
                "dpo" => new DirectPreference(DirectPreferenceRecipe.Parse(json, settings), model, data, folder) { Notes = notes }.Run,
                "ipo" => new DirectPreference(DirectPreferenceRecipe.Parse(json, [.. settings, "loss=Ipo"]), model, data, folder) { Notes = notes }.Run,
                "kto" => new KahnemanTversky(KahnemanTverskyRecipe.Parse(json, settings), model, data, folder) { Notes = notes }.Run,
                "orpo" => new OddsRatio(OddsRatioRecipe.Parse(json, settings), model, data, folder) { Notes = notes }.Run,
                _ => throw new FormatException($"--method {chosen}: wanted dpo, ipo, kto or orpo."),
            }, chosen);
        });
        return command;
    }
}
