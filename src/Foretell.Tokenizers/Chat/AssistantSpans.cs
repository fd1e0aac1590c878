using Foretell.Tokenizers.Jinja;

namespace Foretell.Tokenizers;

/// <summary>Finds what the assistant is to say in a rendered conversation.</summary>
internal sealed class AssistantSpans(RenderedChat chat, Tokenizer tokenizer)
{
    private readonly string _text = chat.Text;
    private readonly Lazy<string> _prompt = new(() => chat.Template.GenerationPrompt(chat.Conversation));

    public List<(int Start, int End)> Find()
    {
        if (chat.Template.MarksGenerations)
        {
            return [.. chat.Generations.Where(span => span.End > span.Start).Select(span => (span.Start, span.End))];
        }
        var spans = new List<(int, int)>();
        for (int message = 0; message < chat.Conversation.Messages.Count; message++)
        {
            if (chat.Conversation.Messages[message].Role != "assistant")
            {
                continue;
            }
            // A later message may repeat this one's words: the name of a tool whose result it gives.
            ChatPiece[] words = [.. chat.Pieces.SkipWhile(piece => piece.MessageIndex != message)
                .TakeWhile(piece => piece.MessageIndex == message || piece.Origin == ChatOrigin.Template)
                .Where(piece => piece.MessageIndex == message)];
            if (words.Length > 0)
            {
                OutputSpan turn = chat.Turns.Find(turn => turn.Index == message && turn.Start <= words[0].Start && turn.End >= words[0].End);
                spans.Add(turn.End > 0 ? InTurn(turn, [.. words.Where(piece => piece.End <= turn.End)]) : Around(words));
            }
        }
        return spans;
    }

    /// <summary>The template wrote this turn in one round of its loop: behind what a turn begins with, to its last control token.</summary>
    private (int Start, int End) InTurn(OutputSpan turn, ChatPiece[] words)
    {
        int start = turn.Start;
        while (start < words[0].Start && start - turn.Start < _prompt.Value.Length && _text[start] == _prompt.Value[start - turn.Start])
        {
            start++;
        }
        start = start - turn.Start < _prompt.Value.Length ? Math.Max(turn.Start, BeforeTag(_text, start)) : start;
        if (start == turn.Start)
        {
            start = BehindPrompt(turn.Start, words[0].Start) ?? start;
        }
        int limit = Math.Min(turn.End, NextWords(words[^1].End));
        int end = limit == turn.End ? limit : words[^1].End;
        foreach ((int _, int controlEnd) in Controls(words[^1].End, limit))
        {
            end = controlEnd;
        }
        return (start, end);
    }

    /// <summary>Whose turn it is can't be seen from the loop: look around the words, up to what others say.</summary>
    private (int Start, int End) Around(ChatPiece[] words)
    {
        int before = chat.Pieces.LastOrDefault(piece => piece.End <= words[0].Start && piece.Origin != ChatOrigin.Template).End;
        int start = BehindPrompt(before, words[0].Start) ?? words[0].Start;
        int limit = NextWords(words[^1].End);
        string? end = chat.Template.SpecialTokens.GetValueOrDefault("eos_token");
        int stop = end is { Length: > 0 } ? _text.IndexOf(end, words[^1].End, limit - words[^1].End, StringComparison.Ordinal) : -1;
        if (stop >= 0)
        {
            return (start, stop + end!.Length);
        }
        foreach ((int controlStart, int controlEnd) in Controls(words[^1].End, limit))
        {
            string control = _text[controlStart..controlEnd];
            bool beginsTurn = control == chat.Template.SpecialTokens.GetValueOrDefault("bos_token") || _prompt.Value.StartsWith(control, StringComparison.Ordinal);
            return (start, beginsTurn ? words[^1].End : controlEnd);
        }
        return (start, words[^1].End);
    }

    /// <summary>The place itself, or where the tag such as &lt;think&gt; begins inside which it lies.</summary>
    public static int BeforeTag(string text, int place)
    {
        const int longest = 64;
        int from = Math.Max(0, place - longest);
        int open = text.AsSpan(from, place - from).LastIndexOfAny('<', '[');
        return open < 0 || text.AsSpan(from + open, place - from - open).IndexOfAny('>', ']') >= 0 ? place : from + open;
    }

    /// <summary>Where somebody's words begin next.</summary>
    private int NextWords(int from)
    {
        ChatPiece next = chat.Pieces.FirstOrDefault(piece => piece.Start >= from && piece.Origin != ChatOrigin.Template);
        return next.End > 0 ? next.Start : _text.Length;
    }

    private int? BehindPrompt(int from, int to)
    {
        int found = _prompt.Value.Length == 0 ? -1 : _text.AsSpan(from, to - from).LastIndexOf(_prompt.Value);
        return found < 0 ? null : from + found + _prompt.Value.Length;
    }

    /// <summary>The special tokens that the template wrote in a stretch of the text.</summary>
    private IEnumerable<(int Start, int End)> Controls(int from, int to)
    {
        for (int index = from; index < to; index++)
        {
            AddedToken? longest = null;
            foreach (AddedToken token in tokenizer.AddedTokens)
            {
                if (token.IsSpecial && token.Content.Length > (longest?.Content.Length ?? 0) && token.Content.Length <= to - index
                    && string.CompareOrdinal(_text, index, token.Content, 0, token.Content.Length) == 0)
                {
                    longest = token;
                }
            }
            if (longest is not null)
            {
                yield return (index, index + longest.Content.Length);
                index += longest.Content.Length - 1;
            }
        }
    }
}
