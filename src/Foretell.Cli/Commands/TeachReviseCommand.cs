using System.CommandLine;
using System.Text.Json.Nodes;
using Foretell.Data;
using Foretell.Training;
using Microsoft.Extensions.AI;
using ChatMessage = Foretell.Tokenizers.ChatMessage;

namespace Foretell.Cli.Commands;

/// <summary>foretell teach revise: critique and revision, into conversations to fine-tune on.</summary>
internal static class TeachReviseCommand
{
    public static Command Create()
    {
        var teacher = new TeacherArguments();
        var prompts = new Option<string[]>("--prompts") { Description = "Files of conversations in any form that foretell sft reads; of those that end with an answer, the answer is revised.", AllowMultipleArgumentsPerToken = true, Required = true };
        var student = new Option<string?>("--student") { Description = "The model that answers prompts without an answer; the teacher unless given." };
        var rounds = new Option<int>("--rounds") { Description = "Critiques and revisions of an answer.", DefaultValueFactory = _ => 1 };
        var tokens = new Option<int>("--max-tokens") { Description = "The most tokens of an answer, critique or revision.", DefaultValueFactory = _ => 512 };
        var output = new Option<string>("--out") { Description = "The .jsonl file of revised conversations; asking again goes on where it ended.", Required = true };
        var json = new Option<bool>("--json") { Description = "Print prompts and changed as JSON." };
        var command = new Command("revise", "Criticise and revise answers by the constitution's principles. Example: foretell teach revise --teacher runs/chat --constitution recipes/constitution.md --prompts prompts.jsonl --out revised.jsonl") { prompts, student, rounds, tokens, output, json };
        teacher.AddTo(command);
        command.SetAction(result =>
        {
            if (result.GetValue(rounds) < 1)
            {
                throw new FormatException(FormattableString.Invariant($"--rounds {result.GetValue(rounds)}: wanted at least 1."));
            }
            Constitution constitution = teacher.Constitution(result);
            IReadOnlyList<IReadOnlyList<ChatMessage>> asked = [.. ChatForms.Read(result.GetValue(prompts)!).Select(record => record.Conversation.Messages)];
            TeacherOptions options = teacher.Options(result) with { MaximumTokens = result.GetValue(tokens) };
            CancellationToken cancellation = CommandLine.CancelOnInterrupt();
            using IChatClient client = teacher.Open(result);
            using IChatClient? answering = result.GetValue(student) is string path ? TeacherArguments.Open(path, null) : null;
            using var status = new StatusLine();
            (int count, int changed) = new CritiqueRevision(client, answering, constitution, options, result.GetValue(rounds))
                .RunAsync(asked, result.GetValue(output)!, done => status.Show(() => FormattableString.Invariant($"{done:N0} of {asked.Count:N0}")), cancellation).GetAwaiter().GetResult();
            if (result.GetValue(json))
            {
                JsonText.Print(new JsonObject { ["prompts"] = count, ["changed"] = changed });
                return;
            }
            Console.WriteLine(FormattableString.Invariant($"{count:N0} conversations in {result.GetValue(output)}, {changed:N0} answers changed"));
        });
        return command;
    }
}
