using System.Text;
using Foretell.Tokenizers;

namespace Foretell.Training;

/// <summary>What teachers are asked, word by word.</summary>
public static class TeacherTexts
{
    /// <summary>A conversation as a reader sees it.</summary>
    public static string Conversation(IEnumerable<ChatMessage> messages)
    {
        var text = new StringBuilder();
        foreach (ChatMessage message in messages)
        {
            text.Append('[').Append(message.Role).Append("]\n").Append(message.Content?.Trim()).Append("\n\n");
        }
        return text.ToString().TrimEnd();
    }

    /// <summary>Asks what is wrong with an answer.</summary>
    public static string Critique(IReadOnlyList<ChatMessage> prompt, string answer, Principle principle) => $"""
        Here is a conversation and an answer to it.

        {Conversation(prompt)}

        [answer]
        {answer.Trim()}

        The principle: {principle.Text}

        Critique: in a few sentences, say in what the answer goes against the principle, or that it does not.
        """.ReplaceLineEndings("\n");

    /// <summary>Asks for a better answer.</summary>
    public static string Revision(IReadOnlyList<ChatMessage> prompt, string answer, Principle principle, string critique) => $"""
        Here is a conversation, an answer to it and a critique of the answer.

        {Conversation(prompt)}

        [answer]
        {answer.Trim()}

        [critique]
        {critique.Trim()}

        The principle: {principle.Text}

        Revision: write the answer anew so that it follows the principle and is otherwise as good. Write nothing but the answer.
        """.ReplaceLineEndings("\n");

    /// <summary>Asks which of two answers is better.</summary>
    public static string Comparison(IReadOnlyList<ChatMessage> prompt, string first, string second, Principle principle) => $"""
        Here is a conversation and two answers to it.

        {Conversation(prompt)}

        [answer A]
        {first.Trim()}

        [answer B]
        {second.Trim()}

        The principle: {principle.Text}

        Which answer is better by this principle? Reply with one letter, A or B.
        """.ReplaceLineEndings("\n");
}
