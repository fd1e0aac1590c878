namespace Foretell.Tokenizers;

/// <summary>
/// Cuts long text where no published split pattern sees across: before a space between two ASCII letters.
/// The letter before ends its word there, and the space begins the next one's, whatever stands further off.
/// </summary>
internal static class TextCutter
{
    /// <summary>The first such place at or after <paramref name="from"/>, or the text's length.</summary>
    public static int NextCut(ReadOnlySpan<byte> utf8, int from)
    {
        for (int index = Math.Max(from, 1); index + 1 < utf8.Length; index++)
        {
            int offset = utf8[index..^1].IndexOf((byte)' ');
            if (offset < 0)
            {
                break;
            }
            index += offset;
            if (IsCut(utf8, index))
            {
                return index;
            }
        }
        return utf8.Length;
    }

    /// <summary>The last such place, or -1.</summary>
    public static int LastCut(ReadOnlySpan<byte> utf8)
    {
        for (int index = utf8.Length - 2; index > 0; index--)
        {
            if (utf8[index] == ' ' && IsCut(utf8, index))
            {
                return index;
            }
        }
        return -1;
    }

    private static bool IsCut(ReadOnlySpan<byte> utf8, int space) =>
        char.IsAsciiLetter((char)utf8[space - 1]) && char.IsAsciiLetter((char)utf8[space + 1]);
}
