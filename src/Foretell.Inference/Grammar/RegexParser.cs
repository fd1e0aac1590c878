using System.Globalization;
using System.Text;

namespace Foretell.Inference;

/// <summary>
/// Reads the regular expressions of ECMA-262 that are regular: characters, classes, groups, alternation, quantifiers and
/// anchors. Lookaround, backreferences and word boundaries are refused by name.
/// </summary>
internal sealed class RegexParser
{
    private const int MaximumLength = 4_000;
    private const int MaximumRepeats = 100_000;
    private const int MaximumGroups = 100;
    private readonly string _pattern;
    private int _at;
    private int _groups;

    private RegexParser(string pattern) => _pattern = pattern;

    /// <exception cref="GrammarException">The pattern is malformed, or uses what is not supported.</exception>
    public static RegexNode Parse(string pattern)
    {
        if (pattern.Length > MaximumLength)
        {
            throw new GrammarException($"The pattern has {pattern.Length} characters; at most {MaximumLength} are supported.");
        }
        var parser = new RegexParser(pattern);
        RegexNode node = parser.Alternation();
        return parser._at == pattern.Length ? node : throw parser.Error("there is no '(' to this ')'; write \\) for the character");
    }

    private RegexNode Alternation()
    {
        var alternatives = new List<RegexNode>();
        do
        {
            var items = new List<RegexNode>();
            while (_at < _pattern.Length && _pattern[_at] is not '|' and not ')')
            {
                items.Add(Quantified());
            }
            alternatives.Add(items.Count == 1 ? items[0] : new RegexSequence(items));
        }
        while (Skip('|'));
        return alternatives.Count == 1 ? alternatives[0] : new RegexAlternation(alternatives);
    }

    private RegexNode Quantified()
    {
        int start = _at;
        RegexNode item = Atom();
        if (!Quantifier(out int minimum, out int maximum))
        {
            return item;
        }
        if (item is RegexAnchor)
        {
            _at = start;
            throw Error("an anchor can't be repeated");
        }
        // A lazy quantifier accepts the same texts.
        Skip('?');
        start = _at;
        if (Quantifier(out _, out _))
        {
            _at = start;
            throw Error("a quantifier follows a quantifier; put the repeated part in a group (?:...)");
        }
        return new RegexRepeat(item, minimum, maximum);
    }

    private bool Quantifier(out int minimum, out int maximum)
    {
        (minimum, maximum) = (0, Expression.Unbounded);
        if (_at == _pattern.Length)
        {
            return false;
        }
        switch (_pattern[_at])
        {
            case '*':
                _at++;
                return true;
            case '+':
                _at++;
                minimum = 1;
                return true;
            case '?':
                _at++;
                maximum = 1;
                return true;
            case '{':
                return Counts(out minimum, out maximum);
            default:
                return false;
        }
    }

    /// <summary>{3}, {3,} or {3,5}; anything else behind a brace is ordinary text.</summary>
    private bool Counts(out int minimum, out int maximum)
    {
        (minimum, maximum) = (0, Expression.Unbounded);
        int close = _pattern.IndexOf('}', _at);
        if (close < 0)
        {
            return false;
        }
        string[] parts = _pattern[(_at + 1)..close].Split(',');
        if (parts.Length > 2 || !parts[0].All(char.IsAsciiDigit) || parts[0].Length == 0 || !parts[^1].All(char.IsAsciiDigit))
        {
            return false;
        }
        if (!TryCount(parts[0], out minimum) || (parts.Length == 2 && parts[1].Length > 0 && !TryCount(parts[1], out maximum)))
        {
            throw Error($"a part can be repeated at most {MaximumRepeats} times by number");
        }
        maximum = parts.Length == 1 ? minimum : maximum;
        if (maximum < minimum)
        {
            throw Error("the quantifier's numbers are in the wrong order");
        }
        _at = close + 1;
        return true;
    }

    private static bool TryCount(string digits, out int count) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count <= MaximumRepeats;

    private RegexNode Atom()
    {
        char character = _pattern[_at];
        switch (character)
        {
            case '^' or '$':
                return new RegexAnchor(character == '$', _at++);
            case '.':
                _at++;
                return new RegexCharacters(CharacterSet.LineTerminators.Complement());
            case '(':
                return Group();
            case '[':
                return new RegexCharacters(Class());
            case '\\':
                return Escape() switch
                {
                    CharacterSet set => new RegexCharacters(set),
                    object scalar => One((int)scalar),
                };
            case '*' or '+' or '?':
                throw Error($"there is nothing before '{character}' to repeat; write \\{character} for the character");
            default:
                return One(Scalar());
        }
    }

    private static RegexCharacters One(int scalar) => new(new CharacterSet((scalar, scalar)));

    private int Scalar()
    {
        if (!Rune.TryGetRuneAt(_pattern, _at, out Rune rune))
        {
            throw Error("half a surrogate pair is no character");
        }
        _at += rune.Utf16SequenceLength;
        return rune.Value;
    }

    private RegexNode Group()
    {
        int start = _at++;
        if (Skip('?') && !Skip(':'))
        {
            string rest = _pattern[_at..];
            string? construct = rest switch
            {
                ['=', ..] => "lookahead (?=",
                ['!', ..] => "negative lookahead (?!",
                ['<', '=', ..] => "lookbehind (?<=",
                ['<', '!', ..] => "negative lookbehind (?<!",
                ['<', ..] => null,
                _ => "group modifier (?" + rest[..Math.Min(1, rest.Length)],
            };
            int close = rest.IndexOf('>', StringComparison.Ordinal);
            if (construct is not null || close < 2)
            {
                _at = start;
                throw Error(construct is null ? "the group's name has no end '>'" : $"{construct} isn't supported: no grammar over tokens can follow it; write the pattern without");
            }
            _at += close + 1;
        }
        if (++_groups > MaximumGroups)
        {
            throw Error($"groups are nested more than {MaximumGroups} deep");
        }
        RegexNode inner = Alternation();
        _groups--;
        if (!Skip(')'))
        {
            _at = start;
            throw Error("this '(' has no ')'; write \\( for the character");
        }
        return inner;
    }

    private CharacterSet Class()
    {
        int start = _at++;
        bool isNegated = Skip('^');
        var members = new List<(int, int)>();
        while (_at < _pattern.Length && _pattern[_at] != ']')
        {
            object first = ClassMember();
            if (first is int low && _at + 1 < _pattern.Length && _pattern[_at] == '-' && _pattern[_at + 1] != ']')
            {
                _at++;
                if (ClassMember() is not int high || high < low)
                {
                    throw Error("the range's end is before its start, or is no single character; write \\- for the character");
                }
                members.Add((low, high));
            }
            else
            {
                members.AddRange(first is CharacterSet set ? set.Ranges : [((int)first, (int)first)]);
            }
        }
        if (!Skip(']'))
        {
            _at = start;
            throw Error("this '[' has no ']'; write \\[ for the character");
        }
        var characters = new CharacterSet(members);
        return isNegated ? characters.Complement() : characters;
    }

    private object ClassMember()
    {
        if (_pattern[_at] != '\\')
        {
            return Scalar();
        }
        if (_at + 1 < _pattern.Length && _pattern[_at + 1] == 'b')
        {
            _at += 2;
            return (int)'\b';
        }
        return Escape();
    }

    /// <summary>A set of characters, or the scalar of one.</summary>
    private object Escape()
    {
        int start = _at++;
        if (_at == _pattern.Length)
        {
            _at = start;
            throw Error("the pattern ends with a single \\; write \\\\ for the character");
        }
        char kind = _pattern[_at++];
        switch (kind)
        {
            case 'd' or 'D':
                return kind == 'd' ? CharacterSet.Digits : CharacterSet.Digits.Complement();
            case 'w' or 'W':
                return kind == 'w' ? CharacterSet.WordCharacters : CharacterSet.WordCharacters.Complement();
            case 's' or 'S':
                return kind == 's' ? CharacterSet.Spaces : CharacterSet.Spaces.Complement();
            case 'p' or 'P':
                CharacterSet category = Category(start);
                return kind == 'p' ? category : category.Complement();
            case 't':
                return (int)'\t';
            case 'n':
                return (int)'\n';
            case 'r':
                return (int)'\r';
            case 'f':
                return (int)'\f';
            case 'v':
                return (int)'\v';
            case '0' when _at == _pattern.Length || !char.IsAsciiDigit(_pattern[_at]):
                return 0;
            case 'c' when _at < _pattern.Length && char.IsAsciiLetter(_pattern[_at]):
                return _pattern[_at++] & 31;
            case 'x':
                return Hexadecimal(2, start);
            case 'u':
                return Unicode(start);
            case >= '0' and <= '9' or 'k':
                _at = start;
                throw Error("backreferences aren't supported: what they accept is no regular language");
            case 'b' or 'B':
                _at = start;
                throw Error($"the word boundary \\{kind} isn't supported; name the characters around the word instead");
            case var letter when char.IsAsciiLetter(letter):
                _at = start;
                throw Error($"there is no escape \\{letter}");
            default:
                _at--;
                return Scalar();
        }
    }

    private CharacterSet Category(int start)
    {
        int close = _pattern.IndexOf('}', _at);
        if (Skip('{') && close > 0)
        {
            string name = _pattern[_at..close];
            string shortName = name.StartsWith("gc=", StringComparison.Ordinal) ? name[3..] : name == "Letter" ? "L" : name;
            if (CharacterSet.OfCategory(shortName) is CharacterSet set)
            {
                _at = close + 1;
                return set;
            }
        }
        _at = start;
        throw Error("\\p needs a general category by its short name, as \\p{L} or \\p{Lu}; scripts and other properties aren't supported");
    }

    private int Unicode(int start)
    {
        if (Skip('{'))
        {
            int close = _pattern.IndexOf('}', _at);
            if (close < 0 || close == _at || close - _at > 6)
            {
                _at = start;
                throw Error("\\u{...} needs one to six hexadecimal digits");
            }
            int scalar = Hexadecimal(close - _at, start);
            _at++;
            return Rune.IsValid(scalar) ? scalar : throw Error("\\u{...} names no character");
        }
        int unit = Hexadecimal(4, start);
        if (char.IsHighSurrogate((char)unit) && _at + 1 < _pattern.Length && _pattern[_at] == '\\' && _pattern[_at + 1] == 'u')
        {
            _at += 2;
            int low = Hexadecimal(4, start);
            if (char.IsLowSurrogate((char)low))
            {
                return char.ConvertToUtf32((char)unit, (char)low);
            }
        }
        if (char.IsSurrogate((char)unit))
        {
            _at = start;
            throw Error("half a surrogate pair is no character");
        }
        return unit;
    }

    private int Hexadecimal(int digits, int start)
    {
        if (_at + digits > _pattern.Length || !int.TryParse(_pattern.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value))
        {
            _at = start;
            throw Error($"the escape needs {digits} hexadecimal digits");
        }
        _at += digits;
        return value;
    }

    private bool Skip(char character)
    {
        if (_at < _pattern.Length && _pattern[_at] == character)
        {
            _at++;
            return true;
        }
        return false;
    }

    private GrammarException Error(string what) =>
        new($"The pattern '{(_pattern.Length <= 100 ? _pattern : _pattern[..100] + "...")}' can't be used, at character {_at + 1}: {what}.");
}
