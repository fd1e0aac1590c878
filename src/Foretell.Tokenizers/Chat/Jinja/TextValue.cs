using System.Text;

namespace Foretell.Tokenizers.Jinja;

/// <summary>The origin of the characters (UTF-16) from the previous run's end to <paramref name="End"/>.</summary>
internal readonly record struct OriginRun(int End, int Origin);

/// <summary>Text whose every character knows where it came from.</summary>
internal sealed class TextValue : Value
{
    public static readonly TextValue Empty = new("");
    private readonly OriginRun[]? _runs;
    private int _codePoints = -1;

    public TextValue(string text, int origin = Origins.Template, bool isMarkup = false)
        : base(origin) => (Text, IsMarkup) = (text, isMarkup);

    /// <param name="runs">Runs that cover the text, or null where all of it is of <paramref name="origin"/>.</param>
    public TextValue(string text, OriginRun[]? runs, int origin, bool isMarkup)
        : base(origin) => (Text, _runs, IsMarkup) = (text, runs, isMarkup);

    public string Text { get; }

    /// <summary>Whether it was called safe: what is added to it is then escaped for HTML, as Jinja does.</summary>
    public bool IsMarkup { get; }

    public override string TypeName => "str";

    public override bool IsTrue => Text.Length > 0;

    /// <summary>Length as Python counts it.</summary>
    public int CodePoints
    {
        get
        {
            if (_codePoints < 0)
            {
                int pairs = 0;
                for (int index = 1; index < Text.Length; index++)
                {
                    if (char.IsSurrogatePair(Text[index - 1], Text[index]))
                    {
                        pairs++;
                        index++;
                    }
                }
                _codePoints = Text.Length - pairs;
            }
            return _codePoints;
        }
    }

    /// <summary>The runs that cover the text; none where it is empty.</summary>
    public ReadOnlySpan<OriginRun> Runs => _runs ?? (Text.Length == 0 ? [] : [new OriginRun(Text.Length, Origin)]);

    /// <summary>The UTF-16 index of a code point's beginning, or the length past the last.</summary>
    public int IndexOfCodePoint(int codePoint)
    {
        if (CodePoints == Text.Length)
        {
            return codePoint;
        }
        int index = 0;
        for (; codePoint > 0; codePoint--)
        {
            index += LengthAt(index);
        }
        return index;
    }

    /// <summary>How many UTF-16 units the code point at <paramref name="index"/> takes.</summary>
    public int LengthAt(int index) => index + 1 < Text.Length && char.IsSurrogatePair(Text[index], Text[index + 1]) ? 2 : 1;

    public TextValue Slice(int start, int end)
    {
        if (start <= 0 && end >= Text.Length)
        {
            return this;
        }
        if (start >= end)
        {
            return IsMarkup ? new TextValue("", isMarkup: true) : Empty;
        }
        string text = Text[start..end];
        if (_runs is null)
        {
            return new TextValue(text, null, Origin, IsMarkup);
        }
        var runs = new List<OriginRun>();
        foreach (OriginRun run in _runs)
        {
            if (run.End > start)
            {
                runs.Add(new OriginRun(Math.Min(run.End, end) - start, run.Origin));
                if (run.End >= end)
                {
                    break;
                }
            }
        }
        return runs.Count == 1 ? new TextValue(text, null, runs[0].Origin, IsMarkup) : new TextValue(text, [.. runs], Origin, IsMarkup);
    }

    /// <summary>The same origins under text of the same length.</summary>
    public TextValue WithText(string text) => new(text, _runs, Origin, IsMarkup);

    public TextValue AsMarkup(bool isMarkup) => isMarkup == IsMarkup ? this : new TextValue(Text, _runs, Origin, isMarkup);

    public override string ToString() => Text;
}

/// <summary>Text put together from pieces that keep their origins.</summary>
internal sealed class TextBuilder
{
    private readonly StringBuilder _text = new();
    private readonly List<OriginRun> _runs = [];

    public int Length => _text.Length;

    public TextBuilder Append(ReadOnlySpan<char> text, int origin)
    {
        _text.Append(text);
        Extend(origin);
        return this;
    }

    public TextBuilder Append(char character, int origin)
    {
        _text.Append(character);
        Extend(origin);
        return this;
    }

    public TextBuilder Append(TextValue text) => Append(text, 0, text.Text.Length);

    public TextBuilder Append(TextValue text, int start, int end)
    {
        int from = start;
        foreach (OriginRun run in text.Runs)
        {
            int to = Math.Min(run.End, end);
            if (to > from)
            {
                Append(text.Text.AsSpan(from, to - from), run.Origin);
                from = to;
            }
        }
        return this;
    }

    /// <summary>Appends each character, or what stands for it.</summary>
    public TextBuilder Append(TextValue text, Func<char, string?> replacement)
    {
        int start = 0;
        foreach (OriginRun run in text.Runs)
        {
            for (int index = start; index < run.End; index++)
            {
                if (replacement(text.Text[index]) is string instead)
                {
                    Append(text.Text.AsSpan(start, index - start), run.Origin);
                    Append(instead, run.Origin);
                    start = index + 1;
                }
            }
            Append(text.Text.AsSpan(start, run.End - start), run.Origin);
            start = run.End;
        }
        return this;
    }

    public TextValue ToText(bool isMarkup = false) => _runs.Count switch
    {
        0 => isMarkup ? new TextValue("", isMarkup: true) : TextValue.Empty,
        1 => new TextValue(_text.ToString(), null, _runs[0].Origin, isMarkup),
        _ => new TextValue(_text.ToString(), [.. _runs], Origins.Template, isMarkup),
    };

    private void Extend(int origin)
    {
        int end = _runs.Count > 0 ? _runs[^1].End : 0;
        if (_text.Length == end)
        {
            return;
        }
        if (_runs.Count > 0 && _runs[^1].Origin == origin)
        {
            _runs[^1] = new OriginRun(_text.Length, origin);
        }
        else
        {
            _runs.Add(new OriginRun(_text.Length, origin));
        }
    }
}
