using System.CommandLine;
using System.Text.Json.Nodes;
using Foretell.Server.Measuring;
using Microsoft.AspNetCore.Builder;

namespace Foretell.Cli.Commands;

/// <summary>foretell bench soak: good and bad clients at a server, for as long as one likes.</summary>
internal static class BenchSoakCommand
{
    public static Command Create()
    {
        Argument<string?> model = BenchServer.Model();
        var minutes = new Option<double>("--minutes") { Description = "How long.", DefaultValueFactory = _ => 1 };
        var good = new Option<int>("--good") { Description = "Clients that behave.", DefaultValueFactory = _ => new SoakOptions().GoodClients };
        var bad = new Option<int>("--bad") { Description = "Clients of each bad kind: slow readers, half requests, giant bodies, garbage and so on.", DefaultValueFactory = _ => new SoakOptions().BadClients };
        var connections = new Option<int>("--connections") { Description = "Connections that are opened together and say nothing.", DefaultValueFactory = _ => 1000 };
        var threads = new Option<int>("--threads") { Description = "Threads that the model computes on; 0 is one a core." };
        var json = new Option<bool>("--json") { Description = "Print what was found as JSON." };
        var command = new Command("soak", "Keep a server busy with good and bad clients, and see that no good request fails, memory stays flat and all places are free at the end. Example: foretell bench soak --minutes 60") { model, minutes, good, bad, connections, threads, json };
        command.SetAction(async (result, _) =>
        {
            CancellationToken cancellation = CommandLine.CancelOnInterrupt();
            using var place = new BenchServer(result.GetValue(model), DeviceOptions.Threads(result.GetValue(threads)), 64);
            await using WebApplication app = await place.StartAsync(cancellation);
            var options = new SoakOptions { Duration = TimeSpan.FromMinutes(result.GetValue(minutes)), GoodClients = result.GetValue(good), BadClients = result.GetValue(bad), SilentConnections = result.GetValue(connections) };
            SoakReport report;
            using (var status = new StatusLine())
            {
                report = await ServerSoak.RunAsync(app, options, what => status.Show(() => what), cancellation);
            }
            await app.StopAsync(cancellation);
            Print(report, result.GetValue(json));
            return report.Passed ? 0 : 1;
        });
        return command;
    }

    private static void Print(SoakReport report, bool json)
    {
        if (json)
        {
            JsonText.Print(new JsonObject
            {
                ["passed"] = report.Passed,
                ["good"] = report.Good,
                ["busy"] = report.Busy,
                ["failed"] = report.Failed,
                ["failures"] = new JsonArray([.. report.Failures.Select(failure => (JsonNode)failure)]),
                ["bad"] = new JsonObject(report.Bad.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, pair.Value))),
                ["warmBytes"] = report.WarmBytes,
                ["endBytes"] = report.EndBytes,
                ["warmManagedBytes"] = report.WarmManagedBytes,
                ["endManagedBytes"] = report.EndManagedBytes,
                ["leaks"] = new JsonArray([.. report.Leaks.Select(leak => (JsonNode)leak)]),
            });
            return;
        }
        Console.WriteLine(FormattableString.Invariant($"{report.Good:N0} good requests were served, {report.Failed} failed, {report.Busy} were told to come again and did"));
        Console.WriteLine("bad clients: " + string.Join(", ", report.Bad.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => FormattableString.Invariant($"{pair.Value:N0} {pair.Key}"))));
        Console.WriteLine(FormattableString.Invariant($"memory: {report.WarmBytes >> 20} MiB after a third of the time, {report.EndBytes >> 20} MiB at the end (objects in use {report.WarmManagedBytes >> 10} KiB, {report.EndManagedBytes >> 10} KiB){(report.IsFlat ? "" : ": it grew")}"));
        foreach (string wrong in report.Failures.Concat(report.Leaks))
        {
            Console.WriteLine("wrong: " + wrong);
        }
        Console.WriteLine(report.Passed ? "passed: nothing failed, nothing was left" : "not passed");
    }
}
