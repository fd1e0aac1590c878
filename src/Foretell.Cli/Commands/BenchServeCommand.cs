using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Foretell.Server.Measuring;
using Microsoft.AspNetCore.Builder;

namespace Foretell.Cli.Commands;

/// <summary>foretell bench serve: what HTTP costs beside the bare engine.</summary>
internal static class BenchServeCommand
{
    public static Command Create()
    {
        Argument<string?> model = BenchServer.Model();
        var clients = new Option<string>("--clients") { Description = "Numbers of clients at once, with commas between.", DefaultValueFactory = _ => "1,4,16,64" };
        var tokens = new Option<int>("--tokens") { Description = "Tokens that each request writes.", DefaultValueFactory = _ => 64 };
        var requests = new Option<int>("--requests") { Description = "Requests that each client makes in a round.", DefaultValueFactory = _ => 2 };
        var rounds = new Option<int>("--rounds") { Description = "Rounds over HTTP and of the bare engine in turns, of which the median counts.", DefaultValueFactory = _ => 5 };
        var threads = new Option<int>("--threads") { Description = "Threads that the model computes on; 0 is one a core." };
        var json = new Option<bool>("--json") { Description = "Print the measurements as JSON." };
        var command = new Command("serve", "Measure a server over HTTP beside the bare engine of its model: throughput, first tokens, idle CPU. Example: foretell bench serve runs/novels --clients 1,16 --json") { model, clients, tokens, requests, rounds, threads, json };
        command.SetAction(async (result, _) =>
        {
            var options = new ServingBenchmarkOptions { Clients = Counts(result.GetValue(clients)!), Tokens = result.GetValue(tokens), Requests = result.GetValue(requests), Rounds = result.GetValue(rounds) };
            options.Validate();
            CancellationToken cancellation = CommandLine.CancelOnInterrupt();
            using var place = new BenchServer(result.GetValue(model), DeviceOptions.Threads(result.GetValue(threads)), options.Clients.Max());
            await using WebApplication app = await place.StartAsync(cancellation);
            ServingSpeed speed;
            using (var status = new StatusLine())
            {
                speed = await ServingBenchmark.MeasureAsync(app, options, what => status.Show(() => "measuring " + what), cancellation);
            }
            await app.StopAsync(cancellation);
            Print(speed, result.GetValue(json));
        });
        return command;
    }

    private static int[] Counts(string text)
    {
        try
        {
            return [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part => int.Parse(part, NumberStyles.None, CultureInfo.InvariantCulture))];
        }
        catch (Exception error) when (error is FormatException or OverflowException)
        {
            throw new FormatException($"--clients {text}: wanted whole numbers with commas between, such as 1,4,16.");
        }
    }

    private static void Print(ServingSpeed speed, bool json)
    {
        if (json)
        {
            JsonText.Print(new JsonObject
            {
                ["loads"] = new JsonArray([.. speed.Loads.Select(load => new JsonObject
                {
                    ["clients"] = load.Clients,
                    ["httpTokensPerSecond"] = JsonText.Number(load.Http, 1),
                    ["engineTokensPerSecond"] = JsonText.Number(load.Engine, 1),
                    ["ratio"] = JsonText.Number(load.Ratio, 4),
                    ["firstTokenMilliseconds"] = JsonText.Number(load.FirstToken.TotalMilliseconds, 2),
                    ["firstTokenMillisecondsP95"] = JsonText.Number(load.FirstTokenSlow.TotalMilliseconds, 2),
                    ["engineFirstTokenMilliseconds"] = JsonText.Number(load.EngineFirstToken.TotalMilliseconds, 2),
                    ["perTokenMilliseconds"] = JsonText.Number(load.PerToken.TotalMilliseconds, 3),
                })]),
                ["warmPrefixTokens"] = speed.WarmPrefixTokens,
                ["warmFirstTokenMilliseconds"] = JsonText.Number(speed.WarmFirstToken.TotalMilliseconds, 2),
                ["idleCpuShare"] = JsonText.Number(speed.IdleCpu, 5),
            });
            return;
        }
        Console.WriteLine($"{"clients",8}{"HTTP tokens/s",16}{"engine tokens/s",17}{"ratio",8}{"first token ms",16}{"95% of them",13}{"engine's",10}{"a token ms",12}");
        foreach (ServingLoad load in speed.Loads)
        {
            Console.WriteLine(FormattableString.Invariant($"{load.Clients,8}{load.Http,16:F1}{load.Engine,17:F1}{load.Ratio,8:F3}{load.FirstToken.TotalMilliseconds,16:F1}{load.FirstTokenSlow.TotalMilliseconds,13:F1}{load.EngineFirstToken.TotalMilliseconds,10:F1}{load.PerToken.TotalMilliseconds,12:F2}"));
        }
        Console.WriteLine(FormattableString.Invariant($"first token after {speed.WarmPrefixTokens} tokens that were asked before: {speed.WarmFirstToken.TotalMilliseconds:F1} ms"));
        Console.WriteLine(FormattableString.Invariant($"idle: {speed.IdleCpu:P2} of one core"));
    }
}
