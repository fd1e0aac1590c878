namespace Foretell.Tokenizers;

/// <summary>Contractions in any case, words with one sign or space before them, digits in small groups, signs with the line ends after them.</summary>
internal sealed class Cl100kPreTokenizer(int maximumDigits) : PreTokenizer
{
    public override string Pattern { get; } =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
        + (maximumDigits == 1 ? "" : $"{{1,{maximumDigits}}}")
        + @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public override void Split(ReadOnlySpan<byte> utf8, List<int> wordEnds)
    {
        for (int start = 0; start < utf8.Length;)
        {
            start = WordEnd(utf8, start);
            wordEnds.Add(start);
        }
    }

    private int WordEnd(ReadOnlySpan<byte> utf8, int start)
    {
        int contraction = WordScanner.SkipContraction(utf8, start, ignoreCase: true);
        if (contraction > start)
        {
            return contraction;
        }
        byte first = UnicodeClass.At(utf8, start, out int length);
        int next = start + length;
        if ((first & UnicodeClass.Letter) != 0)
        {
            return WordScanner.SkipClass(utf8, next, UnicodeClass.Letter);
        }
        if ((first & UnicodeClass.Number) != 0)
        {
            for (int digits = 1; digits < maximumDigits && next < utf8.Length; digits++)
            {
                if ((UnicodeClass.At(utf8, next, out length) & UnicodeClass.Number) == 0)
                {
                    break;
                }
                next += length;
            }
            return next;
        }
        byte second = next < utf8.Length ? UnicodeClass.At(utf8, next, out length) : UnicodeClass.Space;
        if ((first & UnicodeClass.Newline) == 0 && (second & UnicodeClass.Letter) != 0)
        {
            return WordScanner.SkipClass(utf8, next + length, UnicodeClass.Letter);
        }
        const byte named = UnicodeClass.Letter | UnicodeClass.Number | UnicodeClass.Space;
        if ((first & UnicodeClass.Space) == 0 || (utf8[start] == ' ' && (second & named) == 0))
        {
            int end = WordScanner.SkipOther(utf8, next);
            return WordScanner.SkipClass(utf8, end, UnicodeClass.Newline);
        }
        return WordScanner.SkipWhitespaceOrLines(utf8, start);
    }
}
