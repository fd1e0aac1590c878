using Foretell.Tokenizers;
using Foretell.World.Environments;

namespace Foretell.Training;

/// <summary>What the policy is asked. Its ids are what is rolled out and what is trained on: text is never tokenized twice.</summary>
/// <param name="Ids">[tokens], the conversation with the beginning of the assistant's turn; at least one.</param>
/// <param name="Messages">The same as messages, for rewards that read text; oldest first.</param>
public sealed record RolloutPrompt(int[] Ids, IReadOnlyList<ChatMessage> Messages)
{
    /// <summary>The problem that is asked, where a verifier judges the answer; else null.</summary>
    public Problem? Problem { get; init; }

    /// <summary>Renders a conversation up to where the assistant is to speak.</summary>
    /// <exception cref="ChatTemplateException">The template refuses the conversation.</exception>
    public static RolloutPrompt Of(IReadOnlyList<ChatMessage> messages, ChatTemplate template, Tokenizer tokenizer) =>
        new(template.Render(new Conversation(messages) { AddGenerationPrompt = true }).Tokens(tokenizer), messages);

    /// <summary>A problem's question as the user's message.</summary>
    public static RolloutPrompt Of(Problem problem, ChatTemplate template, Tokenizer tokenizer) =>
        Of([new ChatMessage("user", problem.Question)], template, tokenizer) with { Problem = problem };
}
