using System.Text.Json.Nodes;
using Foretell.Data;
using Microsoft.Extensions.AI;
using ChatMessage = Foretell.Tokenizers.ChatMessage;

namespace Foretell.Training;

/// <summary>
/// The supervised half of constitutional AI (Bai et al. 2022, <see href="https://arxiv.org/abs/2212.08073"/>, section 3):
/// answer -> critique by a principle -> revision, for some rounds, each by a principle drawn anew; the last revision is
/// what a model is then fine-tuned on.
/// Departures: a critique may say that nothing is wrong; the answer that is revised may be given with the prompt; the
/// teacher need not be the model that answers.
/// </summary>
/// <param name="teacher">Criticises and revises.</param>
/// <param name="student">Answers the prompts that come without an answer; null for the teacher.</param>
/// <param name="rounds">Critiques and revisions a prompt, at least 1.</param>
public sealed class CritiqueRevision(IChatClient teacher, IChatClient? student, Constitution constitution, TeacherOptions options, int rounds = 1)
{
    /// <summary>Writes a line a prompt: messages (the prompt and the last revision, as fine-tuning reads it), initial, principles, critiques; and, where the revision says something else, prompt, chosen and rejected, as preference learning reads it.</summary>
    /// <param name="prompts">Conversations that end with a turn of the user, or with an answer to revise.</param>
    /// <param name="path">The .jsonl file; what an earlier run wrote to it is kept.</param>
    /// <returns>How many prompts there are, and how many answers were changed.</returns>
    /// <exception cref="CorpusException">The file belongs to other prompts, settings or another teacher.</exception>
    public async Task<(int Prompts, int Changed)> RunAsync(IReadOnlyList<IReadOnlyList<ChatMessage>> prompts, string path, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        string settings = string.Join('\u0001', ["revise", options.Teacher, $"{options.Seed} {options.Temperature} {options.MaximumTokens} {rounds}", .. constitution.Principles.Select(principle => principle.Text)]);
        IReadOnlyList<JsonObject> lines = await new TeacherLines(path, settings).RunAsync(
            [.. prompts.Select(PreferenceText.Key)], (row, token) => ReviseAsync(prompts[row], row, token), options.Concurrency, progress, cancellation).ConfigureAwait(false);
        return (lines.Count, lines.Count(line => line.ContainsKey("chosen")));
    }

    private async Task<JsonObject> ReviseAsync(IReadOnlyList<ChatMessage> conversation, int row, CancellationToken cancellation)
    {
        bool isAnswered = conversation[^1].Role == "assistant";
        IReadOnlyList<ChatMessage> prompt = isAnswered ? [.. conversation.SkipLast(1)] : conversation;
        string initial = isAnswered
            ? conversation[^1].Content ?? ""
            : await AskAsync(student ?? teacher, [.. prompt.Select(message => new Microsoft.Extensions.AI.ChatMessage(new ChatRole(message.Role), message.Content))], row, 0, cancellation).ConfigureAwait(false);
        string answer = initial;
        var principles = new JsonArray();
        var critiques = new JsonArray();
        for (int round = 0; round < rounds; round++)
        {
            Principle principle = constitution.For(options.Seed, row, round);
            string critique = await AskAsync(teacher, [new(ChatRole.User, TeacherTexts.Critique(prompt, answer, principle))], row, (2 * round) + 1, cancellation).ConfigureAwait(false);
            string revised = await AskAsync(teacher, [new(ChatRole.User, TeacherTexts.Revision(prompt, answer, principle, critique))], row, (2 * round) + 2, cancellation).ConfigureAwait(false);
            // A teacher that says nothing has nothing better.
            answer = revised.Trim().Length > 0 ? revised.Trim() : answer;
            principles.Add((JsonNode)principle.Name);
            critiques.Add((JsonNode)critique.Trim());
        }
        var messages = new JsonArray([.. prompt.Select(message => Message(message.Role, message.Content)), Message("assistant", answer)]);
        var line = new JsonObject { ["messages"] = messages, ["initial"] = initial, ["principles"] = principles, ["critiques"] = critiques };
        if (answer.Trim() != initial.Trim() && initial.Trim().Length > 0)
        {
            line["prompt"] = new JsonArray([.. prompt.Select(message => Message(message.Role, message.Content))]);
            line["chosen"] = answer;
            line["rejected"] = initial;
            line["labeller"] = "ai";
        }
        return line;
    }

    private async Task<string> AskAsync(IChatClient client, IEnumerable<Microsoft.Extensions.AI.ChatMessage> messages, int row, int draw, CancellationToken cancellation) =>
        (await client.GetResponseAsync(messages, options.Chat(options.Temperature, options.MaximumTokens, ((long)row << 16) + draw), cancellation).ConfigureAwait(false)).Text;

    private static JsonObject Message(string role, string? content) => new() { ["role"] = role, ["content"] = content };
}
