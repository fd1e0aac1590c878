using System.Text;
using Foretell.Tokenizers.Jinja;

namespace Foretell.Tokenizers;

/// <summary>Who wrote a piece of a rendered conversation.</summary>
public enum ChatOrigin
{
    /// <summary>The template.</summary>
    Template,

    /// <summary>A message, or its tool calls.</summary>
    Message,

    /// <summary>Tools, documents and variables.</summary>
    Input,
}

/// <summary>A stretch of a rendered conversation.</summary>
/// <param name="Start">Its first UTF-16 character.</param>
/// <param name="End">Behind its last.</param>
/// <param name="MessageIndex">Which message wrote it, or -1.</param>
public readonly record struct ChatPiece(int Start, int End, ChatOrigin Origin, int MessageIndex);

/// <summary>A conversation's ids with what to learn from.</summary>
/// <param name="Ids">[tokens].</param>
/// <param name="IsAssistant">[tokens]: whether the assistant is to say it, the token that ends its turn included.</param>
/// <param name="MessageIndex">[tokens]: the message that the assistant says with it; -1 where it is none of the assistant's.</param>
public sealed record ChatTokens(int[] Ids, bool[] IsAssistant, int[] MessageIndex);

/// <summary>
/// A conversation as text that remembers who wrote what. What messages, tools and documents say never becomes a control
/// token, whatever it spells.
/// </summary>
public sealed class RenderedChat
{
    private readonly ChatTemplate _template;
    private readonly Conversation _conversation;
    private readonly ChatPiece[] _pieces;

    internal RenderedChat(ChatTemplate template, Conversation conversation, TextValue text, List<OutputSpan> turns, List<OutputSpan> generations)
    {
        (_template, _conversation, Text) = (template, conversation, text.Text);
        (Turns, Generations) = (turns, generations);
        int start = 0;
        var pieces = new List<ChatPiece>();
        foreach (OriginRun run in text.Runs)
        {
            pieces.Add(new ChatPiece(start, run.End,
                run.Origin == Origins.Template ? ChatOrigin.Template : run.Origin == Origins.Input ? ChatOrigin.Input : ChatOrigin.Message,
                run.Origin > 0 ? run.Origin - 1 : -1));
            start = run.End;
        }
        _pieces = [.. pieces];
    }

    /// <summary>The whole text.</summary>
    public string Text { get; }

    /// <summary>Who wrote what; the pieces cover the text in order.</summary>
    public IReadOnlyList<ChatPiece> Pieces => _pieces;

    internal List<OutputSpan> Turns { get; }

    internal List<OutputSpan> Generations { get; }

    internal Conversation Conversation => _conversation;

    internal ChatTemplate Template => _template;

    /// <summary>
    /// The ids: special tokens only where the template wrote them. The assistant's own earlier words may become tokens that
    /// are added without being special (Qwen 3's &lt;think&gt;), since it said them as such; nobody else's may.
    /// Text between such tokens is encoded as one, across the borders of messages.
    /// </summary>
    public int[] Tokens(Tokenizer tokenizer)
    {
        (byte[] utf8, TextTrust[] trust, _) = Bytes();
        var ids = new List<int>((utf8.Length / 3) + 4);
        tokenizer.Encode(utf8, trust, ids);
        return [.. ids];
    }

    /// <summary>
    /// The ids, and which of them the assistant is to say. That is what {% generation %} encloses where the template has
    /// it, else each turn of the assistant behind what a turn begins with, up to the control token that ends it.
    /// A token that holds a character of those counts.
    /// </summary>
    public ChatTokens TrainingTokens(Tokenizer tokenizer)
    {
        (byte[] utf8, TextTrust[] trust, int[] byteOf) = Bytes();
        var ids = new List<int>((utf8.Length / 3) + 4);
        var ends = new List<int>(ids.Capacity);
        tokenizer.Encode(utf8, trust, ids, ends);
        var isAssistant = new bool[ids.Count];
        int[] messageIndex = new int[ids.Count];
        Array.Fill(messageIndex, -1);
        foreach ((int start, int end) in new AssistantSpans(this, tokenizer).Find())
        {
            (int from, int to) = (byteOf[start], byteOf[end]);
            int speaks = Speaker(start, end);
            int first = ends.BinarySearch(from);
            for (int index = Math.Max(0, first < 0 ? ~first : first); index < ids.Count; index++)
            {
                int begin = index == 0 ? 0 : ends[index - 1];
                if (begin >= to)
                {
                    break;
                }
                if (ends[index] > from)
                {
                    isAssistant[index] = true;
                    messageIndex[index] = speaks;
                }
            }
        }
        return new ChatTokens([.. ids], isAssistant, messageIndex);
    }

    /// <summary>The text of the assistant's turns as [start, end) in <see cref="Text"/>, found as in <see cref="TrainingTokens"/>.</summary>
    /// <param name="tokenizer">Knows the control tokens that end a turn.</param>
    public IReadOnlyList<(int Start, int End)> AssistantRanges(Tokenizer tokenizer) => new AssistantSpans(this, tokenizer).Find();

    /// <summary>The assistant's message that a stretch belongs to: the first whose words are in it, or whose turn it lies in.</summary>
    private int Speaker(int start, int end)
    {
        foreach (ChatPiece piece in _pieces)
        {
            if (piece.End > start && piece.Start < end && piece.MessageIndex >= 0 && _conversation.Messages[piece.MessageIndex].Role == "assistant")
            {
                return piece.MessageIndex;
            }
        }
        OutputSpan turn = Turns.Find(turn => turn.Start <= start && turn.End >= end);
        return turn.End > 0 ? turn.Index : -1;
    }

    /// <summary>UTF-8, the trust of each byte, and each UTF-16 character's offset in it.</summary>
    private (byte[] Utf8, TextTrust[] Trust, int[] ByteOf) Bytes()
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(Text);
        var trust = new TextTrust[utf8.Length];
        int[] byteOf = new int[Text.Length + 1];
        int offset = 0;
        for (int index = 0; index < Text.Length;)
        {
            Rune.DecodeFromUtf16(Text.AsSpan(index), out Rune rune, out int length);
            byteOf[index] = offset;
            if (length == 2)
            {
                byteOf[index + 1] = offset;
            }
            offset += rune.Utf8SequenceLength;
            index += length;
        }
        byteOf[^1] = offset;
        foreach (ChatPiece piece in _pieces)
        {
            trust.AsSpan(byteOf[piece.Start]..byteOf[piece.End]).Fill(piece.Origin switch
            {
                ChatOrigin.Template => TextTrust.Full,
                ChatOrigin.Message when _conversation.Messages[piece.MessageIndex].Role == "assistant" => TextTrust.AddedTokens,
                _ => TextTrust.None,
            });
        }
        return (utf8, trust, byteOf);
    }
}
