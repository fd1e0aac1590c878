using System.Text;

namespace Foretell.Inference;

/// <summary>JSON strings (<see href="https://www.rfc-editor.org/rfc/rfc8259">RFC 8259</see>) as expressions.</summary>
internal static class JsonStrings
{
    private static readonly CharacterSet Escaped = new((0, 0x1F), ('"', '"'), ('\\', '\\'));
    private static readonly CharacterSet Plain = new((0x20, '"' - 1), ('"' + 1, '\\' - 1), ('\\' + 1, CharacterSet.Last));
    private static readonly (char Character, char Letter)[] ShortEscapes = [('"', '"'), ('\\', '\\'), ('\b', 'b'), ('\f', 'f'), ('\n', 'n'), ('\r', 'r'), ('\t', 't')];
    private static readonly Expression Quote = Expression.Literal("\"");

    /// <summary>One character in any way that JSON can write it; surrogates come in pairs.</summary>
    private static readonly Expression AnyCharacter = Expression.Choice(
        Utf8Expression.Of(Plain),
        Expression.Sequence(Expression.Literal("\\"), Expression.Choice(
            Expression.Byte(ByteSet.Of("\"\\/bfnrt"u8)),
            Expression.Sequence(Expression.Literal("u"), Expression.Choice(
                Expression.Sequence(Expression.Byte(ByteSet.Of("0123456789abcefABCEF"u8)), Hexadecimal(3)),
                Expression.Sequence(Expression.Byte(ByteSet.Of("dD"u8)), Expression.Byte(ByteSet.Of("01234567"u8)), Hexadecimal(2)),
                Expression.Sequence(Expression.Byte(ByteSet.Of("dD"u8)), Expression.Byte(ByteSet.Of("89abAB"u8)), Hexadecimal(2), Expression.Literal("\\u"), Expression.Byte(ByteSet.Of("dD"u8)), Expression.Byte(ByteSet.Of("cdefCDEF"u8)), Hexadecimal(2)))))));

    private static readonly Expression OneWayCharacter = Encode(CharacterSet.All);

    /// <summary>Any string, with its quotes.</summary>
    public static Expression Any { get; } = Quoted(Characters(0, Expression.Unbounded));

    /// <summary>A string's content of so many characters (Unicode scalars), each in any way that JSON can write it.</summary>
    public static Expression Characters(int minimum, int maximum) => Expression.Repeat(AnyCharacter, minimum, maximum);

    /// <summary>A string of the given content.</summary>
    public static Expression Quoted(Expression content) => Expression.Terminal(Expression.Sequence(Quote, content, Quote));

    /// <summary>Any string but the given ones, each character written in one way only, so that no escape hides a given one.</summary>
    public static Expression AnyBut(IReadOnlyCollection<string> excluded)
    {
        Expression any = Expression.Repeat(OneWayCharacter, 0);
        return Quoted(excluded.Count == 0 ? any : Expression.Except(any, Expression.Texts([.. excluded.Select(Content)])));
    }

    /// <summary>One character of a set, written in one way: as itself, or escaped where JSON demands it.</summary>
    public static Expression Encode(CharacterSet set)
    {
        var alternatives = new List<Expression> { Utf8Expression.Of(set.Except(Escaped)) };
        var escapes = new List<byte[]>();
        foreach ((int first, int last) in set.Ranges)
        {
            for (int character = first; character <= Math.Min(last, '\\'); character++)
            {
                if (Escaped.Contains(character))
                {
                    escapes.Add(Content(((char)character).ToString()));
                }
            }
        }
        if (escapes.Count > 0)
        {
            alternatives.Add(Expression.Texts(escapes));
        }
        return Expression.Choice(alternatives);
    }

    /// <summary>A text as it stands between quotes, escaped only where JSON demands it; half surrogate pairs become U+FFFD.</summary>
    public static byte[] Content(string text)
    {
        var content = new StringBuilder(text.Length + 8);
        foreach (char character in text)
        {
            int shortEscape = Array.FindIndex(ShortEscapes, escape => escape.Character == character);
            if (shortEscape >= 0)
            {
                content.Append('\\').Append(ShortEscapes[shortEscape].Letter);
            }
            else if (character < ' ')
            {
                content.Append("\\u").Append(((int)character).ToString("x4", System.Globalization.CultureInfo.InvariantCulture));
            }
            else
            {
                content.Append(character);
            }
        }
        return Encoding.UTF8.GetBytes(content.ToString());
    }

    private static Expression Hexadecimal(int digits) => Expression.Repeat(Expression.Byte(ByteSet.Of("0123456789abcdefABCDEF"u8)), digits, digits);
}
