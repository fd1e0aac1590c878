using System.Buffers;
using System.Text;

namespace Foretell.Inference;

/// <summary>
/// Turns tokens' bytes into text as they come: a character that spans tokens is held back until it is whole, and so is
/// whatever may yet become a stop string. Bytes that can never be UTF-8 become U+FFFD.
/// </summary>
public sealed class TextStream(IReadOnlyList<string> stopStrings)
{
    private readonly List<byte> _bytes = [];
    private readonly StringBuilder _pending = new();

    /// <summary>The stop string that was reached; null before.</summary>
    public string? Stopped { get; private set; }

    /// <summary>Takes a token's bytes and returns the text that is now certain.</summary>
    public string Append(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        Decode(atEnd: false);
        return Release(atEnd: false);
    }

    /// <summary>Returns all text that was held back.</summary>
    public string Finish()
    {
        Decode(atEnd: true);
        return Release(atEnd: true);
    }

    private void Decode(bool atEnd)
    {
        ReadOnlySpan<byte> rest = [.. _bytes];
        while (!rest.IsEmpty)
        {
            OperationStatus status = Rune.DecodeFromUtf8(rest, out Rune rune, out int consumed);
            if (status == OperationStatus.NeedMoreData && !atEnd)
            {
                break;
            }
            _pending.Append(rune.ToString());
            rest = rest[consumed..];
        }
        _bytes.RemoveRange(0, _bytes.Count - rest.Length);
    }

    private string Release(bool atEnd)
    {
        if (Stopped is not null)
        {
            return "";
        }
        string text = _pending.ToString();
        int end = -1;
        foreach (string stop in stopStrings)
        {
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (end < 0 || at < end))
            {
                end = at;
                Stopped = stop;
            }
        }
        int certain = end >= 0 ? end : atEnd ? text.Length : text.Length - HeldBack(text);
        _pending.Remove(0, certain);
        return text[..certain];
    }

    /// <summary>Length of the longest end of the text that begins a stop string.</summary>
    private int HeldBack(string text)
    {
        int longest = 0;
        foreach (string stop in stopStrings)
        {
            for (int length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.EndsWith(stop[..length], StringComparison.Ordinal))
                {
                    longest = length;
                }
            }
        }
        return longest;
    }
}
