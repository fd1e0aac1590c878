namespace Foretell.Tokenizers;

/// <summary>As cl100k, but a word is capitals then small letters, marks belong to words, and a contraction stays with its word.</summary>
internal sealed class O200kPreTokenizer : PreTokenizer
{
    public override string Pattern =>
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public override void Split(ReadOnlySpan<byte> utf8, List<int> wordEnds)
    {
        for (int start = 0; start < utf8.Length;)
        {
            start = WordEnd(utf8, start);
            wordEnds.Add(start);
        }
    }

    private static int WordEnd(ReadOnlySpan<byte> utf8, int start)
    {
        byte first = UnicodeClass.At(utf8, start, out int length);
        int next = start + length;
        bool mayPrecede = (first & (UnicodeClass.Newline | UnicodeClass.Letter | UnicodeClass.Number)) == 0;

        // Greedy as the pattern: with the character before the word first, then without.
        int end = mayPrecede ? EndInSmall(utf8, next) : -1;
        if (end < 0)
        {
            end = EndInSmall(utf8, start);
        }
        if (end < 0 && mayPrecede)
        {
            end = EndOfCapitals(utf8, next);
        }
        if (end < 0)
        {
            end = EndOfCapitals(utf8, start);
        }
        if (end >= 0)
        {
            return WordScanner.SkipContraction(utf8, end, ignoreCase: true);
        }

        if ((first & UnicodeClass.Number) != 0)
        {
            for (int digits = 1; digits < 3 && next < utf8.Length; digits++)
            {
                if ((UnicodeClass.At(utf8, next, out length) & UnicodeClass.Number) == 0)
                {
                    break;
                }
                next += length;
            }
            return next;
        }
        int signs = WordScanner.SkipOther(utf8, utf8[start] == ' ' ? next : start);
        if (signs > (utf8[start] == ' ' ? next : start))
        {
            while (signs < utf8.Length && utf8[signs] is (byte)'\r' or (byte)'\n' or (byte)'/')
            {
                signs++;
            }
            return signs;
        }
        return WordScanner.SkipWhitespaceOrLines(utf8, start);
    }

    /// <summary>
    /// The end of U*L+ from <paramref name="index"/>, U and L the pattern's two sets of letters, or -1. Where no L follows
    /// the longest U*, the pattern backs up to the last character of U* that L holds too.
    /// </summary>
    private static int EndInSmall(ReadOnlySpan<byte> utf8, int index)
    {
        int afterShared = -1;
        while (index < utf8.Length)
        {
            byte bits = UnicodeClass.At(utf8, index, out int length);
            if ((bits & UnicodeClass.UpperLike) == 0)
            {
                return (bits & UnicodeClass.LowerLike) != 0
                    ? WordScanner.SkipClass(utf8, index + length, UnicodeClass.LowerLike)
                    : afterShared;
            }
            index += length;
            if ((bits & UnicodeClass.LowerLike) != 0)
            {
                afterShared = index;
            }
        }
        return afterShared;
    }

    /// <summary>The end of U+L* from <paramref name="index"/> where U*L+ does not match, or -1.</summary>
    private static int EndOfCapitals(ReadOnlySpan<byte> utf8, int index)
    {
        int end = WordScanner.SkipClass(utf8, index, UnicodeClass.UpperLike);
        return end > index ? end : -1;
    }
}
