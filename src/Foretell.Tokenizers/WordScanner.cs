namespace Foretell.Tokenizers;

/// <summary>The steps that the published split patterns share, as functions from a position to the position after.</summary>
internal static class WordScanner
{
    /// <summary>The end of the longest run from <paramref name="index"/> of characters with any of the class bits <paramref name="wanted"/>.</summary>
    public static int SkipClass(ReadOnlySpan<byte> utf8, int index, byte wanted)
    {
        ReadOnlySpan<byte> ascii = UnicodeClass.Ascii;
        while ((uint)index < (uint)utf8.Length && (ascii[utf8[index]] & wanted) != 0)
        {
            index++;
        }
        while (index < utf8.Length && (UnicodeClass.At(utf8, index, out int length) & wanted) != 0)
        {
            index += length;
        }
        return index;
    }

    /// <summary>The end of the longest run of [^\s\p{L}\p{N}] from <paramref name="index"/>.</summary>
    public static int SkipOther(ReadOnlySpan<byte> utf8, int index)
    {
        const byte named = UnicodeClass.Letter | UnicodeClass.Number | UnicodeClass.Space;
        while (index < utf8.Length && (UnicodeClass.At(utf8, index, out int length) & named) == 0)
        {
            index += length;
        }
        return index;
    }

    /// <summary>The end of 's, 't, 're, 've, 'm, 'll or 'd at <paramref name="index"/>, or <paramref name="index"/> itself. Ignoring case is Unicode's simple folding, by which U+017F is an s too.</summary>
    public static int SkipContraction(ReadOnlySpan<byte> utf8, int index, bool ignoreCase)
    {
        if (utf8.Length - index < 2 || utf8[index] != '\'')
        {
            return index;
        }
        int fold = ignoreCase ? 0x20 : 0;
        int first = Fold(utf8[index + 1], fold);
        if (first is 's' or 't' or 'm' or 'd')
        {
            return index + 2;
        }
        if (utf8.Length - index < 3)
        {
            return index;
        }
        int second = Fold(utf8[index + 2], fold);
        bool pair = (first is 'r' or 'v' && second == 'e') || (first == 'l' && second == 'l');
        bool longS = ignoreCase && utf8[index + 1] == 0xC5 && utf8[index + 2] == 0xBF;
        return pair || longS ? index + 3 : index;
    }

    /// <summary>The end of \s+(?!\S)|\s+ at the whitespace at <paramref name="index"/>: a run leaves its last character to the word after it.</summary>
    public static int SkipWhitespace(ReadOnlySpan<byte> utf8, int index)
    {
        int lastStart = index;
        int end = index;
        while (end < utf8.Length && (UnicodeClass.At(utf8, end, out int length) & UnicodeClass.Space) != 0)
        {
            lastStart = end;
            end += length;
        }
        return end == utf8.Length || lastStart == index ? end : lastStart;
    }

    /// <summary>The end of \s*[\r\n]+|\s+(?!\S)|\s+ at the whitespace at <paramref name="index"/>.</summary>
    public static int SkipWhitespaceOrLines(ReadOnlySpan<byte> utf8, int index)
    {
        int lastStart = index;
        int end = index;
        int afterNewline = -1;
        while (end < utf8.Length)
        {
            byte bits = UnicodeClass.At(utf8, end, out int length);
            if ((bits & UnicodeClass.Space) == 0)
            {
                break;
            }
            lastStart = end;
            end += length;
            if ((bits & UnicodeClass.Newline) != 0)
            {
                afterNewline = end;
            }
        }
        return afterNewline >= 0 ? afterNewline : end == utf8.Length || lastStart == index ? end : lastStart;
    }

    private static int Fold(byte letter, int fold) => (letter | fold) is >= 'a' and <= 'z' ? letter | fold : letter;
}
