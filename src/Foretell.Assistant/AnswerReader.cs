using System.Text;
using System.Text.Json;
using Foretell.Inference;

namespace Foretell.Assistant;

/// <summary>
/// Reads an answer as it comes and tells reasoning (between &lt;think&gt; and &lt;/think&gt;) and calls of tools from what the
/// model says. What may yet become a marker is held back; a call comes out whole or, when it is none after all (cut short,
/// not JSON, of no tool that was offered), as the text that it was written as.
/// </summary>
/// <param name="startsInReasoning">Whether the prompt ended behind an opening &lt;think&gt;.</param>
/// <param name="format">How calls are written; null when no tool may be called.</param>
/// <param name="tools">Names of the tools that may be called.</param>
/// <param name="streamsCalls">Whether a call comes out as it is written, once its name is known; what is cut short then stays a call.</param>
internal sealed class AnswerReader(bool startsInReasoning, ToolCallFormat? format, IReadOnlySet<string> tools, bool streamsCalls = false)
{
    public const string ThinkOpening = ThinkingOptions.UsualOpening;
    public const string ThinkClosing = ThinkingOptions.UsualClosing;

    private const int StillOpen = -1;
    private const int NeverCloses = -2;

    private readonly StringBuilder _pending = new();
    private readonly string? _callOpening = format is { Opening.Length: > 0 } ? format.Opening : null;
    private State _state = startsInReasoning ? State.Reasoning : State.Beginning;
    private bool _skipWhiteSpace = startsInReasoning;
    private bool _saidSomething;
    private JsonObjectScanner _arguments;

    private enum State
    {
        /// <summary>Nothing but white space so far: reasoning may open here.</summary>
        Beginning,
        Reasoning,
        Text,
        Call,

        /// <summary>Inside the arguments of a call whose name has come out.</summary>
        Arguments,

        /// <summary>Behind them, before the end of the call.</summary>
        CallEnd,
    }

    /// <summary>What the answer is at.</summary>
    public AnswerStage Stage => _state switch
    {
        State.Beginning or State.Text => AnswerStage.Text,
        State.Reasoning => AnswerStage.Reasoning,
        _ => AnswerStage.Call,
    };

    /// <summary>Takes a piece of the answer and returns what is now certain.</summary>
    public List<AnswerPart> Append(string piece)
    {
        _pending.Append(piece);
        var parts = new List<AnswerPart>();
        while (Advance(parts, atEnd: false))
        {
        }
        return parts;
    }

    /// <summary>Returns what was held back.</summary>
    public List<AnswerPart> Finish()
    {
        var parts = new List<AnswerPart>();
        while (Advance(parts, atEnd: true))
        {
        }
        return parts;
    }

    /// <summary>Takes one step; false when nothing more is certain.</summary>
    private bool Advance(List<AnswerPart> parts, bool atEnd) => _state switch
    {
        State.Beginning => Begin(parts, atEnd),
        State.Reasoning => Reason(parts, atEnd),
        State.Text => Say(parts, atEnd),
        State.Arguments => Argue(parts),
        State.CallEnd => EndCall(atEnd),
        _ => Call(parts, atEnd),
    };

    private bool Begin(List<AnswerPart> parts, bool atEnd)
    {
        string text = _pending.ToString();
        string start = text.TrimStart();
        if (start.StartsWith(ThinkOpening, StringComparison.Ordinal))
        {
            Take(text.Length - start.Length + ThinkOpening.Length);
            _skipWhiteSpace = true;
            return Go(State.Reasoning);
        }
        bool undecided = ThinkOpening.StartsWith(start, StringComparison.Ordinal);
        return (!undecided || atEnd) && text.Length > 0 && Go(BareCallBegins(start) ? State.Call : State.Text);
    }

    private bool Reason(List<AnswerPart> parts, bool atEnd)
    {
        SkipWhiteSpace();
        string text = _pending.ToString();
        int end = text.IndexOf(ThinkClosing, StringComparison.Ordinal);
        int certain = end >= 0 ? text[..end].TrimEnd().Length : atEnd ? text.Length : WithoutTail(text, [ThinkClosing], holdWhiteSpace: true);
        if (certain > 0)
        {
            parts.Add(new AnswerPart.Reasoning(text[..certain]));
        }
        if (end < 0)
        {
            Take(certain);
            return false;
        }
        Take(end + ThinkClosing.Length);
        _skipWhiteSpace = true;
        return Go(State.Text);
    }

    private bool Say(List<AnswerPart> parts, bool atEnd)
    {
        if (_skipWhiteSpace)
        {
            SkipWhiteSpace();
            if (_skipWhiteSpace)
            {
                return false;
            }
            if (BareCallBegins(_pending.ToString()))
            {
                return Go(State.Call);
            }
        }
        string text = _pending.ToString();
        int call = _callOpening is null ? -1 : text.IndexOf(_callOpening, StringComparison.Ordinal);
        int certain = call >= 0 ? text[..call].TrimEnd().Length
            : atEnd || _callOpening is null ? text.Length
            : WithoutTail(text, [_callOpening], holdWhiteSpace: true);
        if (certain > 0)
        {
            _saidSomething = true;
            parts.Add(new AnswerPart.Text(text[..certain]));
        }
        Take(certain);
        return call >= 0 && Go(State.Call);
    }

    private bool Call(List<AnswerPart> parts, bool atEnd)
    {
        string text = _pending.ToString();
        int marker = SkipSpaces(text, 0) + (_callOpening?.Length ?? 0);
        int start = SkipSpaces(text, marker);
        bool isObject = start < text.Length && text[start] == '{';
        if (streamsCalls && isObject && ToolCallHeader.Find(text.AsSpan(start), format!.ArgumentsKey) is ToolCallHeader header && tools.Contains(header.Name))
        {
            parts.Add(new AnswerPart.ToolCallStart(header.Name));
            Take(start + header.Length);
            _arguments = default;
            return Go(State.Arguments);
        }
        int end = isObject ? ObjectEnd(text, start) : -1;
        int closed = end < 0 ? -1 : ClosingEnd(text, end);
        bool undecided = start == text.Length || (isObject && closed == StillOpen);
        if (undecided && !atEnd)
        {
            return false;
        }
        if (closed >= 0 && Parse(text[start..end]) is AnswerPart.ToolCall call)
        {
            parts.Add(call);
            Take(closed);
            _skipWhiteSpace = true;
            return Go(State.Text);
        }
        // No call after all: the marker is text, and what follows it is read on.
        int asText = undecided || _callOpening is null ? text.Length : marker;
        _saidSomething = true;
        parts.Add(new AnswerPart.Text(text[..asText]));
        Take(asText);
        return Go(State.Text);
    }

    private bool Argue(List<AnswerPart> parts)
    {
        string text = _pending.ToString();
        int end = _arguments.Find(text);
        if (text.Length > 0)
        {
            parts.Add(new AnswerPart.ToolCallArguments(text[..(end < 0 ? text.Length : end)]));
        }
        Take(end < 0 ? text.Length : end);
        return end >= 0 && Go(State.CallEnd);
    }

    /// <summary>Takes the brace and the marker that close a call whose arguments are whole.</summary>
    private bool EndCall(bool atEnd)
    {
        string text = _pending.ToString();
        int brace = SkipSpaces(text, 0);
        int closed = brace == text.Length ? StillOpen : text[brace] == '}' ? ClosingEnd(text, brace + 1) : NeverCloses;
        if (closed == StillOpen && !atEnd)
        {
            return false;
        }
        Take(closed == StillOpen ? text.Length : Math.Max(closed, 0));
        _skipWhiteSpace = true;
        return Go(State.Text);
    }

    /// <summary>Where the closing marker behind an object ends; <see cref="StillOpen"/> while it may yet come, <see cref="NeverCloses"/> where something else stands.</summary>
    private int ClosingEnd(string text, int objectEnd)
    {
        string closing = format!.Closing;
        int at = closing.Length == 0 ? objectEnd : SkipSpaces(text, objectEnd);
        ReadOnlySpan<char> rest = text.AsSpan(at);
        return rest.StartsWith(closing, StringComparison.Ordinal) ? at + closing.Length
            : closing.AsSpan().StartsWith(rest, StringComparison.Ordinal) ? StillOpen
            : NeverCloses;
    }

    private static int SkipSpaces(string text, int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }
        return at;
    }

    private static int ObjectEnd(string text, int start)
    {
        int length = new JsonObjectScanner().Find(text.AsSpan(start));
        return length < 0 ? -1 : start + length;
    }

    private AnswerPart.ToolCall? Parse(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object
                && root.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String && tools.Contains(name.GetString()!)
                && root.TryGetProperty(format!.ArgumentsKey, out JsonElement arguments) && arguments.ValueKind == JsonValueKind.Object
                ? new AnswerPart.ToolCall(name.GetString()!, arguments.Clone())
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Whether a call without markers begins here: only as the first thing said.</summary>
    private bool BareCallBegins(string text) => format is { Opening.Length: 0 } && !_saidSomething && text.StartsWith('{');

    private bool Go(State state)
    {
        _state = state;
        return true;
    }

    private void Take(int length) => _pending.Remove(0, length);

    private void SkipWhiteSpace()
    {
        if (!_skipWhiteSpace)
        {
            return;
        }
        Take(SkipSpaces(_pending.ToString(), 0));
        _skipWhiteSpace = _pending.Length == 0;
    }

    /// <summary>The text's length without an end that may become a marker, and without the white space before that.</summary>
    private static int WithoutTail(string text, ReadOnlySpan<string> markers, bool holdWhiteSpace)
    {
        int held = 0;
        foreach (string marker in markers)
        {
            for (int length = Math.Min(marker.Length - 1, text.Length); length > held; length--)
            {
                if (text.EndsWith(marker[..length], StringComparison.Ordinal))
                {
                    held = length;
                }
            }
        }
        int certain = text.Length - held;
        return holdWhiteSpace ? text.AsSpan(0, certain).TrimEnd().Length : certain;
    }
}
