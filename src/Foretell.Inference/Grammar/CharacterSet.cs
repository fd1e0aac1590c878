using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Foretell.Inference;

/// <summary>A set of Unicode scalars: ascending ranges that neither touch nor overlap. Surrogates may be inside and mean nothing.</summary>
internal sealed class CharacterSet
{
    public const int Last = 0x10FFFF;
    private static readonly ConcurrentDictionary<UnicodeCategory, CharacterSet> Categories = new();
    private readonly (int First, int Last)[] _ranges;

    public CharacterSet(params IEnumerable<(int First, int Last)> ranges)
    {
        var merged = new List<(int First, int Last)>();
        foreach ((int first, int last) in ranges.OrderBy(range => range.First))
        {
            if (merged.Count > 0 && first <= merged[^1].Last + 1)
            {
                merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, last));
            }
            else
            {
                merged.Add((first, last));
            }
        }
        _ranges = [.. merged];
    }

    public static CharacterSet All { get; } = new((0, Last));

    public static CharacterSet Digits { get; } = new(('0', '9'));

    /// <summary>ECMA-262's \w.</summary>
    public static CharacterSet WordCharacters { get; } = new(('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z'));

    /// <summary>ECMA-262's \s: its white space and line terminators.</summary>
    public static CharacterSet Spaces { get; } = new(('\t', '\r'), (' ', ' '), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF));

    /// <summary>ECMA-262's line terminators, which a dot does not stand for.</summary>
    public static CharacterSet LineTerminators { get; } = new(('\n', '\n'), ('\r', '\r'), (0x2028, 0x2029));

    public IReadOnlyList<(int First, int Last)> Ranges => _ranges;

    public bool Contains(int scalar) => _ranges.Any(range => range.First <= scalar && scalar <= range.Last);

    public CharacterSet Union(CharacterSet other) => new(_ranges.Concat(other._ranges));

    public CharacterSet Complement()
    {
        var gaps = new List<(int, int)>();
        int next = 0;
        foreach ((int first, int last) in _ranges)
        {
            if (first > next)
            {
                gaps.Add((next, first - 1));
            }
            next = last + 1;
        }
        if (next <= Last)
        {
            gaps.Add((next, Last));
        }
        return new CharacterSet(gaps);
    }

    public CharacterSet Except(CharacterSet other) => Complement().Union(other).Complement();

    /// <summary>The scalars of a general category by its short name (L, Lu, Nd ...), or null when there is none.</summary>
    public static CharacterSet? OfCategory(string name)
    {
        UnicodeCategory[] members = [.. CategoryNames.Where(pair => pair.Key == name || (name.Length == 1 && pair.Key[0] == name[0])).Select(pair => pair.Value)];
        return members.Length == 0 ? null : new CharacterSet(members.SelectMany(category => Categories.GetOrAdd(category, ReadCategory)._ranges));
    }

    private static CharacterSet ReadCategory(UnicodeCategory category)
    {
        var ranges = new List<(int, int)>();
        int first = -1;
        for (int scalar = 0; scalar <= Last + 1; scalar++)
        {
            bool isMember = Rune.IsValid(scalar) && Rune.GetUnicodeCategory(new Rune(scalar)) == category;
            if (isMember && first < 0)
            {
                first = scalar;
            }
            else if (!isMember && first >= 0)
            {
                ranges.Add((first, scalar - 1));
                first = -1;
            }
        }
        return new CharacterSet(ranges);
    }

    private static readonly Dictionary<string, UnicodeCategory> CategoryNames = new()
    {
        ["Lu"] = UnicodeCategory.UppercaseLetter,
        ["Ll"] = UnicodeCategory.LowercaseLetter,
        ["Lt"] = UnicodeCategory.TitlecaseLetter,
        ["Lm"] = UnicodeCategory.ModifierLetter,
        ["Lo"] = UnicodeCategory.OtherLetter,
        ["Mn"] = UnicodeCategory.NonSpacingMark,
        ["Mc"] = UnicodeCategory.SpacingCombiningMark,
        ["Me"] = UnicodeCategory.EnclosingMark,
        ["Nd"] = UnicodeCategory.DecimalDigitNumber,
        ["Nl"] = UnicodeCategory.LetterNumber,
        ["No"] = UnicodeCategory.OtherNumber,
        ["Pc"] = UnicodeCategory.ConnectorPunctuation,
        ["Pd"] = UnicodeCategory.DashPunctuation,
        ["Ps"] = UnicodeCategory.OpenPunctuation,
        ["Pe"] = UnicodeCategory.ClosePunctuation,
        ["Pi"] = UnicodeCategory.InitialQuotePunctuation,
        ["Pf"] = UnicodeCategory.FinalQuotePunctuation,
        ["Po"] = UnicodeCategory.OtherPunctuation,
        ["Sm"] = UnicodeCategory.MathSymbol,
        ["Sc"] = UnicodeCategory.CurrencySymbol,
        ["Sk"] = UnicodeCategory.ModifierSymbol,
        ["So"] = UnicodeCategory.OtherSymbol,
        ["Zs"] = UnicodeCategory.SpaceSeparator,
        ["Zl"] = UnicodeCategory.LineSeparator,
        ["Zp"] = UnicodeCategory.ParagraphSeparator,
        ["Cc"] = UnicodeCategory.Control,
        ["Cf"] = UnicodeCategory.Format,
        ["Co"] = UnicodeCategory.PrivateUse,
        ["Cn"] = UnicodeCategory.OtherNotAssigned,
    };
}
