using System.Runtime.InteropServices;
using System.Text;
using Foretell.Tokenizers;

namespace Foretell.Inference;

/// <summary>Follows one answer's thoughts by the bytes of its tokens, and says which tokens its budget forces or forbids.</summary>
internal sealed class ThinkingTracker
{
    private readonly ThinkingOptions _options;
    private readonly Tokenizer _tokenizer;
    private readonly IReadOnlyList<int> _ends;
    private readonly int _vocabulary;
    private readonly byte[] _opening;
    private readonly byte[] _closing;
    private readonly List<byte> _text = [];
    private readonly Queue<int> _forced = [];

    /// <summary>Where each token of thought that the model drew begins in the text.</summary>
    private readonly List<int> _starts = [];

    private Phase _phase;
    private int _thought;
    private int[]? _closers;
    private ulong[]? _allowed;

    /// <param name="ends">Ids that end the answer.</param>
    /// <param name="vocabulary">Ids below this may be drawn.</param>
    public ThinkingTracker(ThinkingOptions options, Tokenizer tokenizer, IReadOnlyList<int> ends, int vocabulary)
    {
        _options = options;
        _tokenizer = tokenizer;
        _ends = ends;
        _vocabulary = vocabulary;
        _opening = Encoding.UTF8.GetBytes(options.Opening);
        _closing = Encoding.UTF8.GetBytes(options.Closing);
        _phase = options.IsOpen ? Phase.Thinking : Phase.Before;
    }

    private enum Phase
    {
        /// <summary>Nothing but white space and perhaps a part of the opening marker.</summary>
        Before,
        Thinking,
        After,
    }

    /// <summary>Tokens of thought that the model drew; those of the markers, and forced ones, do not count.</summary>
    public int Tokens => _phase == Phase.Thinking ? _starts.Count : _thought;

    /// <summary>What is forced next, token by token; empty where the model draws.</summary>
    public IReadOnlyCollection<int> Forced => _forced;

    private ReadOnlySpan<byte> Text => CollectionsMarshal.AsSpan(_text);

    /// <summary>The next token, where the budget leaves the model none to draw.</summary>
    /// <param name="allowed">A bit a token that a constraint allows; empty allows all. It has the last word: what it forbids is not forced.</param>
    public bool TryForce(ReadOnlySpan<ulong> allowed, out int token)
    {
        if (_phase == Phase.Thinking && _forced.Count == 0 && _starts.Count >= _options.MaximumTokens && !IsInCharacter())
        {
            Close();
        }
        if (!_forced.TryPeek(out token))
        {
            return false;
        }
        if (token < _vocabulary && (allowed.IsEmpty || (allowed[token >> 6] >> token & 1) == 1))
        {
            return true;
        }
        _forced.Clear();
        return false;
    }

    /// <summary>Takes away what would end thoughts that are too short, and, where a budget ends inside a character, all but that character's bytes.</summary>
    /// <param name="allowed">As for <see cref="TryForce"/>.</param>
    public ReadOnlySpan<ulong> Restrict(ReadOnlySpan<ulong> allowed)
    {
        if (_phase != Phase.Thinking || (_starts.Count >= _options.MinimumTokens && _starts.Count < _options.MaximumTokens))
        {
            return allowed;
        }
        _allowed ??= new ulong[(_vocabulary + 63) / 64];
        if (allowed.IsEmpty)
        {
            Array.Fill(_allowed, ulong.MaxValue);
        }
        else
        {
            allowed.CopyTo(_allowed);
        }
        if (_starts.Count < _options.MinimumTokens)
        {
            foreach (int id in _ends)
            {
                Forbid(id);
            }
            foreach (int id in _closers ??= [.. Enumerable.Range(0, _vocabulary).Where(id => Bytes(id).Contains(_closing[^1]))])
            {
                if (Closes(id))
                {
                    Forbid(id);
                }
            }
        }
        else
        {
            for (int id = 0; id < _vocabulary; id++)
            {
                if (Bytes(id) is not [>= 0x80 and < 0xC0])
                {
                    Forbid(id);
                }
            }
        }
        return Enumerable.Range(0, _vocabulary).Any(id => (_allowed[id >> 6] >> id & 1) == 1) ? _allowed : allowed;

        void Forbid(int id)
        {
            if (id < _vocabulary)
            {
                _allowed[id >> 6] &= ~(1ul << id);
            }
        }
    }

    /// <summary>Takes the token that was chosen.</summary>
    public void Accept(int id)
    {
        bool forced = _forced.TryPeek(out int next) && next == id;
        if (forced)
        {
            _forced.Dequeue();
        }
        if (_phase == Phase.After)
        {
            return;
        }
        int start = _text.Count;
        _text.AddRange(Bytes(id));
        if (_phase == Phase.Before)
        {
            Begin();
            start = 0;
        }
        else if (!forced)
        {
            _starts.Add(start);
        }
        if (_phase == Phase.Thinking)
        {
            Look(start);
        }
    }

    /// <summary>Whether thoughts begin, or no longer can.</summary>
    private void Begin()
    {
        ReadOnlySpan<byte> text = Text.TrimStart(" \t\r\n"u8);
        if (text.StartsWith(_opening))
        {
            _text.RemoveRange(0, _text.Count - text.Length + _opening.Length);
            _phase = Phase.Thinking;
        }
        else if (!_opening.AsSpan().StartsWith(text))
        {
            _phase = Phase.After;
        }
    }

    /// <summary>Ends the thoughts where the closing marker stands.</summary>
    /// <param name="start">What is before it has been looked through.</param>
    private void Look(int start)
    {
        int from = Math.Max(0, start - _closing.Length + 1);
        int at = Text[from..].IndexOf(_closing);
        if (at >= 0)
        {
            _thought = _starts.Count(begin => begin < from + at);
            _phase = Phase.After;
        }
    }

    /// <summary>Lines up the rest of the closing text, behind what of it the model has begun.</summary>
    private void Close()
    {
        byte[] whole = Encoding.UTF8.GetBytes(_options.ForcedClosing);
        byte[] marker = whole[whole.AsSpan().IndexOf(_closing)..];
        byte[] rest = Begun(marker) is int begun and > 0 ? marker[begun..] : whole[Begun(whole)..];
        var ids = new List<int>();
        _tokenizer.Encode(rest, ids, allowSpecial: true);
        ids.ForEach(_forced.Enqueue);
    }

    /// <summary>Length of the longest beginning of a text that the thoughts end with.</summary>
    private int Begun(byte[] text)
    {
        int length = Math.Min(text.Length, _text.Count);
        while (!Text.EndsWith(text.AsSpan(0, length)))
        {
            length--;
        }
        return length;
    }

    private bool Closes(int id)
    {
        ReadOnlySpan<byte> tail = Text[^Math.Min(_text.Count, _closing.Length - 1)..];
        return ((ReadOnlySpan<byte>)[.. tail, .. Bytes(id)]).IndexOf(_closing) >= 0;
    }

    private bool IsInCharacter()
    {
        ReadOnlySpan<byte> tail = Text[^Math.Min(_text.Count, 3)..];
        int last = tail.LastIndexOfAnyExceptInRange((byte)0x80, (byte)0xBF);
        return last >= 0 && Rune.DecodeFromUtf8(tail[last..], out _, out _) == System.Buffers.OperationStatus.NeedMoreData;
    }

    private ReadOnlySpan<byte> Bytes(int id)
    {
        try
        {
            return _tokenizer.TokenBytes(id);
        }
        catch (ArgumentOutOfRangeException)
        {
            // Published vocabularies have ids without a token.
            return [];
        }
    }
}
