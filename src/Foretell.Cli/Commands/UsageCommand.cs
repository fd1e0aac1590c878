using System.CommandLine;
using System.Text.Json.Nodes;
using Foretell.Server.Metering;
using Foretell.Server.Storage;

namespace Foretell.Cli.Commands;

/// <summary>foretell usage: what a server was used for, by key and model.</summary>
internal static class UsageCommand
{
    public static Command Create()
    {
        var from = new Option<string?>("--from") { Description = "The first day or time that counts, such as 2026-01-01 (UTC); from the beginning by default." };
        var to = new Option<string?>("--to") { Description = "The last day, which counts whole, or the time up to which is counted; all by default." };
        var csv = new Option<bool>("--csv") { Description = "Print CSV." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var server = new ServerDatabase();
        var command = new Command("usage", "Show requests and tokens by key, model and endpoint. Example: foretell usage --data foretell-data --from 2026-01-01 --csv") { from, to, csv, json };
        server.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            UsagePeriod period = UsagePeriod.Parse(result.GetValue(from), result.GetValue(to));
            await using Database database = await server.OpenAsync(result, cancellation);
            IReadOnlyList<UsageTotal> totals = await database.Usage.TotalsAsync(period.From, period.To, cancellation);
            var names = (await server.Keys(result, database).ListAsync(cancellation)).ToDictionary(key => key.Id, key => key.Name, StringComparer.Ordinal);
            if (result.GetValue(csv))
            {
                Console.Write(UsageCsv.Write(totals, names));
            }
            else if (result.GetValue(json))
            {
                JsonText.Print(new JsonArray([.. totals.Select(total => new JsonObject
                {
                    ["key"] = total.Key,
                    ["keyName"] = total.Key is string key ? names.GetValueOrDefault(key) : null,
                    ["model"] = total.Model,
                    ["endpoint"] = total.Endpoint,
                    ["requests"] = total.Requests,
                    ["promptTokens"] = total.PromptTokens,
                    ["completionTokens"] = total.CompletionTokens,
                    ["milliseconds"] = total.Milliseconds,
                })]));
            }
            else
            {
                Print(totals, names);
            }
        });
        return command;
    }

    private static void Print(IReadOnlyList<UsageTotal> totals, Dictionary<string, string> names)
    {
        if (totals.Count == 0)
        {
            Console.WriteLine("Nothing was used in this time.");
            return;
        }
        Console.WriteLine($"{"key",-24} {"model",-24} {"endpoint",-24} {"requests",10} {"prompt",14} {"completion",14} {"seconds",10}");
        foreach (UsageTotal total in totals)
        {
            string key = total.Key is string id ? names.GetValueOrDefault(id, id) : "(none)";
            Console.WriteLine(FormattableString.Invariant($"{key,-24} {total.Model,-24} {total.Endpoint,-24} {total.Requests,10} {total.PromptTokens,14} {total.CompletionTokens,14} {total.Milliseconds / 1000.0,10:F1}"));
        }
    }
}
