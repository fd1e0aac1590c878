namespace Foretell.Tokenizers;

/// <summary>Contractions, words, numbers and signs, each with the one space before it; then whitespace.</summary>
internal sealed class Gpt2PreTokenizer : PreTokenizer
{
    public override string Pattern => @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

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
        int contraction = WordScanner.SkipContraction(utf8, start, ignoreCase: false);
        if (contraction > start)
        {
            return contraction;
        }
        int body = utf8[start] == ' ' && start + 1 < utf8.Length ? start + 1 : start;
        byte bits = UnicodeClass.At(utf8, body, out int length);
        return (bits & (UnicodeClass.Letter | UnicodeClass.Number | UnicodeClass.Space)) switch
        {
            UnicodeClass.Letter => WordScanner.SkipClass(utf8, body + length, UnicodeClass.Letter),
            UnicodeClass.Number => WordScanner.SkipClass(utf8, body + length, UnicodeClass.Number),
            0 => WordScanner.SkipOther(utf8, body + length),
            _ => WordScanner.SkipWhitespace(utf8, start),
        };
    }
}
