using System.CommandLine;
using System.Text.Json.Nodes;
using Foretell.Data;
using Foretell.Evaluation;
using Foretell.Training;
using Microsoft.Extensions.AI;

namespace Foretell.Cli.Commands;

/// <summary>foretell teach compare: a teacher's comparisons, into data for a reward model or DPO.</summary>
internal static class TeachCompareCommand
{
    public static Command Create()
    {
        var teacher = new TeacherArguments();
        var data = new Option<string[]>("--data") { Description = "Files of comparisons labelled by people; the teacher does not see the labels.", AllowMultipleArgumentsPerToken = true, Required = true };
        var human = new Option<double>("--human-share") { Description = "Share of comparisons that keep their human label, in [0, 1].", DefaultValueFactory = _ => 0 };
        var votes = new Option<int>("--votes") { Description = "Draws for each order instead of the probabilities of A and B; 0 for the probabilities.", DefaultValueFactory = _ => 0 };
        var all = new Option<bool>("--all-principles") { Description = "Judge each comparison by every principle instead of a drawn one." };
        var output = new Option<string>("--out") { Description = "The .jsonl file of comparisons; asking again goes on where it ended.", Required = true };
        var json = new Option<bool>("--json") { Description = "Print aiLabels, humanLabels, undecided, unread, agreement (share, low, high), truth, twoHumans and positionBias as JSON." };
        var command = new Command("compare", "Let a teacher say which of two answers is better, in both orders. Example: foretell teach compare --teacher runs/chat --constitution recipes/constitution.md --data comparisons.jsonl --human-share 0.01 --out ai.jsonl") { data, human, votes, all, output, json };
        teacher.AddTo(command);
        command.SetAction(result =>
        {
            if (result.GetValue(human) is < 0 or > 1 or double.NaN)
            {
                throw new FormatException(FormattableString.Invariant($"--human-share {result.GetValue(human)}: wanted a share in [0, 1]."));
            }
            if (result.GetValue(votes) < 0)
            {
                throw new FormatException(FormattableString.Invariant($"--votes {result.GetValue(votes)}: wanted 0 (probabilities) or more."));
            }
            Constitution constitution = teacher.Constitution(result);
            PreferenceSet set = PreferenceSet.Read(result.GetValue(data)!);
            TeacherOptions options = teacher.Options(result);
            CancellationToken cancellation = CommandLine.CancelOnInterrupt();
            using IChatClient client = teacher.Open(result);
            bool reads = result.GetValue(votes) == 0;
            var comparison = new AiComparison(client, constitution, options)
            {
                HumanShare = result.GetValue(human),
                Votes = Math.Max(1, result.GetValue(votes)),
                UsesAllPrinciples = result.GetValue(all),
                ReadProbability = reads ? TeacherArguments.ProbabilityOfA : null,
                Configure = options => TeacherArguments.AskForLetter(options, reads),
            };
            using var status = new StatusLine();
            AiComparisonResult done = comparison.RunAsync(set.Pairs, result.GetValue(output)!, count => status.Show(() => FormattableString.Invariant($"{count:N0} of {set.Pairs.Count:N0}")), cancellation).GetAwaiter().GetResult();
            if (result.GetValue(json))
            {
                JsonText.Print(new JsonObject
                {
                    ["aiLabels"] = done.AiLabels,
                    ["humanLabels"] = done.HumanLabels,
                    ["undecided"] = done.Undecided,
                    ["unread"] = done.Unread,
                    ["agreement"] = Share(done.AgreementWithHumans),
                    ["truth"] = done.AgreementWithTruth is Proportion right ? Share(right) : null,
                    ["twoHumans"] = done.TwoHumans is double two ? JsonText.Number(two) : null,
                    ["positionBias"] = JsonText.Number(done.PositionBias),
                });
                return;
            }
            Console.WriteLine(FormattableString.Invariant($"{done.AiLabels:N0} comparisons by the teacher ({done.Undecided:N0} undecided, {done.Unread:N0} replies unread), {done.HumanLabels:N0} by people: {result.GetValue(output)}"));
            if (done.Undecided == done.AiLabels)
            {
                Console.WriteLine("The teacher decided nothing, so nothing can be learned from its comparisons; choose another teacher.");
                return;
            }
            Console.WriteLine($"agreement with people's labels, which the teacher did not see: {done.AgreementWithHumans}");
            if (done.AgreementWithTruth is Proportion truth)
            {
                Console.WriteLine(FormattableString.Invariant($"agreement with the truth: {truth}; two people with these labels' errors agree {done.TwoHumans:P1} of the time"));
            }
            Console.WriteLine(FormattableString.Invariant($"liking for the answer that stands first, cancelled by asking in both orders: {done.PositionBias:P1}"));
        });
        return command;
    }

    private static JsonObject Share(Proportion share) => new()
    {
        ["share"] = JsonText.Number(share.Share),
        ["low"] = JsonText.Number(share.Interval.Low),
        ["high"] = JsonText.Number(share.Interval.High),
        ["trials"] = share.Trials,
    };
}
