namespace Foretell.Training;

/// <summary>Tells what a model thought aloud, between &lt;think&gt; and &lt;/think&gt;, from what it replied.</summary>
public static class ThoughtMarkers
{
    public const string Begin = "<think>";
    public const string End = "</think>";

    /// <summary>What stands behind the thoughts; all where there are none; nothing where the thoughts never end.</summary>
    public static string Reply(string text)
    {
        int end = text.IndexOf(End, StringComparison.Ordinal);
        return end >= 0 ? text[(end + End.Length)..].Trim()
            : text.Contains(Begin, StringComparison.Ordinal) ? ""
            : text.Trim();
    }

    /// <summary>Whether the text is thoughts between one pair of markers, and a reply behind them.</summary>
    public static bool IsWellFormed(string text)
    {
        ReadOnlySpan<char> rest = text.AsSpan().TrimStart();
        if (!rest.StartsWith(Begin))
        {
            return false;
        }
        rest = rest[Begin.Length..];
        int end = rest.IndexOf(End);
        return end >= 0
            && rest.IndexOf(Begin) < 0
            && rest[(end + End.Length)..].IndexOf(End) < 0
            && !rest[(end + End.Length)..].IsWhiteSpace();
    }
}
