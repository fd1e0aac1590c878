using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Foretell.Tokenizers;

/// <summary>
/// Any other split pattern, run by .NET's regular expressions. What the pattern leaves unmatched is a word of its own.
/// Characters outside the basic plane are shown to the expression as one character of the same category within it, since
/// .NET's classes see UTF-16 halves; a pattern that names such characters is therefore refused.
/// </summary>
internal sealed class RegexPreTokenizer : PreTokenizer
{
    private readonly Regex _regex;

    public RegexPreTokenizer(string pattern)
    {
        Pattern = pattern;
        if (pattern.Any(char.IsSurrogate) || pattern.Contains(@"\x{", StringComparison.Ordinal))
        {
            throw new FormatException($"The split pattern {pattern} names characters beyond U+FFFF, which this tokenizer cannot match; use a tokenizer with a published pattern.");
        }
        try
        {
            _regex = new Regex(pattern, RegexOptions.CultureInvariant);
        }
        catch (ArgumentException error)
        {
            throw new FormatException($"The split pattern {pattern} is not one that .NET's regular expressions can run ({error.Message}); use a tokenizer with a published pattern.", error);
        }
    }

    public override string Pattern { get; }

    internal override bool CutsBeforeSpace => false;

    public override void Split(ReadOnlySpan<byte> utf8, List<int> wordEnds)
    {
        var characters = new char[utf8.Length];
        var starts = new int[utf8.Length + 1];
        int count = 0;
        for (int index = 0; index < utf8.Length; count++)
        {
            Rune.DecodeFromUtf8(utf8[index..], out Rune rune, out int length);
            characters[count] = rune.IsBmp ? (char)rune.Value : StandIn(rune);
            starts[count] = index;
            index += length;
        }
        starts[count] = utf8.Length;

        int end = 0;
        foreach (ValueMatch match in _regex.EnumerateMatches(characters.AsSpan(0, count)))
        {
            if (match.Length == 0)
            {
                continue;
            }
            if (match.Index > end)
            {
                wordEnds.Add(starts[match.Index]);
            }
            end = match.Index + match.Length;
            wordEnds.Add(starts[end]);
        }
        if (end < count)
        {
            wordEnds.Add(utf8.Length);
        }
    }

    /// <summary>A character of the basic plane of the same category that patterns do not name.</summary>
    internal static char StandIn(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.UppercaseLetter => '\u2C2F',
        UnicodeCategory.LowercaseLetter => '\u2C5F',
        UnicodeCategory.TitlecaseLetter => '\u1F88',
        UnicodeCategory.ModifierLetter => '\u1D2C',
        UnicodeCategory.OtherLetter => '\u1401',
        UnicodeCategory.NonSpacingMark => '\u1DC0',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        UnicodeCategory.EnclosingMark => '\u20DD',
        UnicodeCategory.DecimalDigitNumber => '\u0966',
        UnicodeCategory.LetterNumber => '\u2180',
        UnicodeCategory.OtherNumber => '\u2460',
        UnicodeCategory.ConnectorPunctuation => '\u203F',
        UnicodeCategory.DashPunctuation => '\u2010',
        UnicodeCategory.OtherPunctuation => '\u2020',
        UnicodeCategory.MathSymbol => '\u2200',
        UnicodeCategory.CurrencySymbol => '\u20A0',
        UnicodeCategory.ModifierSymbol => '\u02C2',
        UnicodeCategory.OtherSymbol => '\u2300',
        UnicodeCategory.Format => '\u2060',
        UnicodeCategory.PrivateUse => '\uE000',
        _ => '\uFFFF',
    };
}
