using System.CommandLine;
using Foretell.World;
using Foretell.World.Doubt;

namespace Foretell.Cli.Commands;

/// <summary>foretell data doubt: questions with, without and with two answers, as lines of JSON.</summary>
internal static class DataDoubtCommand
{
    public static Command Create()
    {
        var kind = new Option<string?>("--kind") { Description = "answerable, unanswerable or ambiguous; all three in turn unless given." };
        var count = new Option<int>("--count") { Description = "How many questions.", DefaultValueFactory = _ => 100 };
        Option<string> split = DataProblemsCommand.Split();
        var seed = new Option<ulong>("--seed") { Description = "Which questions.", DefaultValueFactory = _ => 1 };
        Option<string> output = JsonLinesOutput.Option();
        var command = new Command("doubt", "Write questions about little passages, of which some have an answer, some none and some two, a line of JSON each: OpenAI messages with the right reply, and the question. Example: foretell data doubt --count 3000 --out doubt.jsonl") { kind, count, split, seed, output };
        command.SetAction(result =>
        {
            WorldSplit part = DataProblemsCommand.SplitOf(result.GetValue(split)!);
            DoubtKind? only = result.GetValue(kind) is not string name ? null : DoubtJson.KindOf(name) ?? throw new FormatException($"--kind {name}: wanted answerable, unanswerable or ambiguous.");
            if (result.GetValue(count) < 1)
            {
                throw new FormatException(FormattableString.Invariant($"--count {result.GetValue(count)}: wanted at least 1."));
            }
            ulong start = result.GetValue(seed);
            JsonLinesOutput.Write(
                Enumerable.Range(0, result.GetValue(count)).Select(index => DoubtJson.Write(DoubtQuestions.Generate(DataProblemsCommand.SeedOf(start, index), part, only ?? (DoubtKind)(index % 3)))),
                result.GetValue(output)!, CommandLine.CancelOnInterrupt());
        });
        return command;
    }
}
