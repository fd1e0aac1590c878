using System.Text;
using System.Text.RegularExpressions;
using Foretell.Tokenizers;

namespace Foretell.Data;

/// <summary>
/// Conversations to ids and loss weights by a model's own template: what the assistant says and the token that ends its turn
/// count, nothing else. Safe to use from many threads at once.
/// </summary>
public sealed partial class ChatEncoder
{
    /// <summary>Holds that the template and the tokenizer can teach an assistant to end its turns.</summary>
    /// <exception cref="FormatException">
    /// The template marks nothing as the assistant's, writes a marker that the tokenizer lacks, or ends the assistant's turn
    /// with no control token, so that nothing could tell an answer's end; the message says which and what to do.
    /// </exception>
    public ChatEncoder(Tokenizer tokenizer, ChatTemplate template)
    {
        (Tokenizer, Template) = (tokenizer, template);
        RenderedChat probe = template.Render(new Conversation([new ChatMessage("user", "a"), new ChatMessage("assistant", "b")]));
        if (MissingMarker(probe) is string missing)
        {
            throw new FormatException($"The chat template writes the marker {missing}, which the tokenizer has no token for; grow the vocabulary with --add-markers, or use a template that fits the tokenizer.");
        }
        ChatTokens tokens = probe.TrainingTokens(tokenizer);
        int last = Array.LastIndexOf(tokens.IsAssistant, true);
        if (last < 0)
        {
            throw new FormatException("The chat template has no span of the assistant: of a question and an answer it rendered, nothing is the assistant's, so nothing could be learned; give a template that writes the assistant's messages.");
        }
        EndOfTurnId = tokens.Ids[last];
        if (!tokenizer.IsSpecial(EndOfTurnId) && EndOfTurnId != tokenizer.EndOfTextId)
        {
            throw new FormatException($"The chat template ends the assistant's turn with \"{Encoding.UTF8.GetString(tokenizer.TokenBytes(EndOfTurnId))}\", which is no control token of the tokenizer, so an answer's end could not be told; grow the vocabulary with --add-markers, or use a template that ends turns with a control token.");
        }
    }

    public Tokenizer Tokenizer { get; }

    public ChatTemplate Template { get; }

    /// <summary>The id with which the assistant ends its turn.</summary>
    public int EndOfTurnId { get; }

    /// <summary>Encodes a conversation.</summary>
    /// <exception cref="CorpusException">The template refuses it, or makes nothing of it the assistant's; the message names its place.</exception>
    public ChatExample Encode(ChatRecord record)
    {
        ChatTokens tokens;
        try
        {
            tokens = Template.Render(record.Conversation).TrainingTokens(Tokenizer);
        }
        catch (ChatTemplateException error)
        {
            throw new CorpusException($"{record.Place}: {error.Message}", error);
        }
        // The first id has nothing before it to be foretold from.
        float[] weights = new float[tokens.Ids.Length];
        bool hasAssistant = false;
        for (int index = 1; index < weights.Length; index++)
        {
            if (tokens.IsAssistant[index])
            {
                hasAssistant = true;
                weights[index] = tokens.MessageIndex[index] is int message and >= 0 ? record.Weights[message] : 1;
            }
        }
        return hasAssistant
            ? new ChatExample(tokens.Ids, weights, record.Place)
            : throw new CorpusException($"{record.Place}: the chat template wrote nothing that the assistant says, so there is nothing to learn from it.");
    }

    /// <summary>The ids of a conversation up to where the assistant is to answer.</summary>
    /// <param name="conversation">Ends with someone else's message.</param>
    public int[] Prompt(Conversation conversation) => Template.Render(conversation with { AddGenerationPrompt = true }).Tokens(Tokenizer);

    /// <summary>What the template itself wrote in the form of a control token and the tokenizer does not know.</summary>
    private string? MissingMarker(RenderedChat probe)
    {
        foreach (ChatPiece piece in probe.Pieces.Where(piece => piece.Origin == ChatOrigin.Template))
        {
            foreach (Match marker in Marker().Matches(probe.Text[piece.Start..piece.End]))
            {
                if (Tokenizer.SpecialId(marker.Value) is null)
                {
                    return marker.Value;
                }
            }
        }
        return null;
    }

    [GeneratedRegex(@"<\|[^|<>\s]+\|>|<(?:start|end)_of_turn>")]
    private static partial Regex Marker();
}
