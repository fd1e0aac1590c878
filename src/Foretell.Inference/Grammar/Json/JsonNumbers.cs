using System.Globalization;
using System.Numerics;

namespace Foretell.Inference;

/// <summary>JSON numbers within bounds, digit by digit. Digits are limited so that every number keeps its value as a double or a long.</summary>
internal static class JsonNumbers
{
    /// <summary>Digits of an integer without bounds: all such fit 64 bits.</summary>
    private const int IntegerDigits = 18;

    /// <summary>Decimal digits that a double keeps.</summary>
    private const int DoubleDigits = 15;

    private static readonly Expression Digit = Expression.Byte(ByteSet.Range('0', '9'));
    private static readonly Expression DigitButZero = Expression.Byte(ByteSet.Range('1', '9'));
    private static readonly Expression Zero = Expression.Literal("0");
    private static readonly Expression Minus = Expression.Literal("-");
    private static readonly Expression Point = Expression.Literal(".");

    /// <summary>Any number: up to 15 digits on each side of the point, an exponent of up to two.</summary>
    public static Expression Any { get; } = Expression.Terminal(Expression.Sequence(
        Expression.Optional(Minus),
        Expression.Choice(Zero, Expression.Sequence(DigitButZero, Digits(0, DoubleDigits - 1))),
        Expression.Optional(Expression.Sequence(Point, Digits(1, DoubleDigits))),
        Expression.Optional(Expression.Sequence(Expression.Byte(ByteSet.Of("eE"u8)), Expression.Optional(Expression.Byte(ByteSet.Of("+-"u8))), Digits(1, 2)))));

    /// <summary>Integers from <paramref name="lower"/> to <paramref name="upper"/>, without exponent, point or -0.</summary>
    /// <param name="divisor">The integers are multiples of it; 1 for all.</param>
    public static Expression Integer(JsonBound? lower, JsonBound? upper, int divisor)
    {
        BigInteger? least = lower is JsonBound low ? low.IsExclusive && low.Value.IsInteger ? low.Value.Floor + 1 : low.Value.Ceiling : null;
        BigInteger? most = upper is JsonBound high ? high.IsExclusive && high.Value.IsInteger ? high.Value.Ceiling - 1 : high.Value.Floor : null;
        var signs = new List<Expression>();
        if (most is null || most >= 0)
        {
            signs.Add(Multiples(Magnitude(BigInteger.Max(least ?? 0, 0), most)));
        }
        if (least is null || least < 0)
        {
            signs.Add(Expression.Sequence(Minus, Multiples(Magnitude(BigInteger.Max(-(most ?? -1), 1), -least))));
        }
        return Expression.Terminal(Expression.Choice(signs));

        Expression Multiples(Expression magnitude) => divisor == 1 ? magnitude : Expression.Both(magnitude, Expression.Automaton(ByteAutomaton.MultiplesOf(divisor)));
    }

    /// <summary>Numbers between the bounds, without exponent.</summary>
    /// <param name="fractionDigits">The most digits behind the point; null for what a double keeps.</param>
    public static Expression Real(JsonBound? lower, JsonBound? upper, int? fractionDigits)
    {
        if (lower is null && upper is null && fractionDigits is null)
        {
            return Any;
        }
        var signs = new List<Expression>();
        if (upper is not JsonBound highest || highest.Value.Sign > 0 || (highest.Value.Sign == 0 && !highest.IsExclusive))
        {
            signs.Add(RealMagnitude(lower is JsonBound { Value.Sign: >= 0 } least ? least : null, upper, fractionDigits));
        }
        if (lower is not JsonBound lowest || lowest.Value.Sign < 0)
        {
            JsonBound least = upper is JsonBound { Value.Sign: < 0 } most ? most with { Value = -most.Value } : new JsonBound(new JsonDecimal(0, 0), IsExclusive: true);
            JsonBound? greatest = lower is JsonBound bound ? bound with { Value = -bound.Value } : null;
            signs.Add(Expression.Sequence(Minus, RealMagnitude(least, greatest, fractionDigits)));
        }
        return Expression.Terminal(Expression.Choice(signs));
    }

    private static Expression RealMagnitude(JsonBound? least, JsonBound? most, int? fractionDigits)
    {
        int whole = Math.Max(least is JsonBound low ? Length(low.Value.WholePart) : 1, most is JsonBound high ? Length(high.Value.WholePart) : 1);
        int fraction = fractionDigits ?? Math.Max(DoubleDigits - whole, Math.Max(least?.Value.Scale ?? 0, most?.Value.Scale ?? 0));
        Expression form = Expression.Sequence(
            Expression.Choice(Zero, Expression.Sequence(DigitButZero, Digits(0, Math.Max(whole, DoubleDigits) - 1))),
            fraction > 0 ? Expression.Optional(Expression.Sequence(Point, Digits(1, fraction))) : Expression.Empty);
        if (least is JsonBound lower)
        {
            form = Expression.Both(form, AtLeast(lower.Value, lower.IsExclusive));
        }
        return most is JsonBound upper ? Expression.Both(form, AtMost(upper.Value, upper.IsExclusive)) : form;
    }

    private static Expression AtLeast(JsonDecimal bound, bool isExclusive)
    {
        Expression anyFraction = Expression.Optional(Expression.Sequence(Point, Digits(1, Expression.Unbounded)));
        string fraction = bound.Fraction;
        Expression aboveZero = Expression.Sequence(Expression.Repeat(Zero, 0), DigitButZero, Digits(0, Expression.Unbounded));
        Expression tail = isExclusive ? aboveZero : Digits(0, Expression.Unbounded);
        for (int index = fraction.Length - 1; index >= 0; index--)
        {
            tail = Expression.Choice(
                Expression.Sequence(DigitsBetween(fraction[index] + 1, '9'), Digits(0, Expression.Unbounded)),
                Expression.Sequence(Expression.Literal(fraction[index].ToString()), tail));
        }
        Expression equalWhole = fraction.Length == 0 && !isExclusive ? anyFraction : Expression.Sequence(Point, tail);
        return Expression.Choice(
            Expression.Sequence(WholeAbove(bound.WholePart), anyFraction),
            Expression.Sequence(Whole(bound.WholePart), equalWhole));
    }

    private static Expression AtMost(JsonDecimal bound, bool isExclusive)
    {
        Expression anyFraction = Expression.Optional(Expression.Sequence(Point, Digits(1, Expression.Unbounded)));
        string fraction = bound.Fraction;
        Expression equalWhole;
        if (fraction.Length == 0)
        {
            equalWhole = isExclusive ? Expression.Nothing : Expression.Optional(Expression.Sequence(Point, Expression.Repeat(Zero, 1)));
        }
        else
        {
            Expression tail = isExclusive ? Expression.Nothing : Expression.Repeat(Zero, 0);
            for (int index = fraction.Length - 1; index >= 0; index--)
            {
                Expression here = Expression.Choice(
                    Expression.Sequence(DigitsBetween('0', fraction[index] - 1), Digits(0, Expression.Unbounded)),
                    Expression.Sequence(Expression.Literal(fraction[index].ToString()), tail));
                tail = index > 0 ? Expression.Optional(here) : here;
            }
            equalWhole = Expression.Optional(Expression.Sequence(Point, tail));
        }
        Expression equal = Expression.Sequence(Whole(bound.WholePart), equalWhole);
        return bound.WholePart.IsZero ? equal : Expression.Choice(equal, Expression.Sequence(Magnitude(0, bound.WholePart - 1), anyFraction));
    }

    private static Expression Whole(BigInteger value) => Expression.Literal(value.ToString(CultureInfo.InvariantCulture));

    private static Expression WholeAbove(BigInteger value)
    {
        int length = Length(value);
        return Expression.Choice(
            Magnitude(value + 1, BigInteger.Pow(10, length)),
            Expression.Sequence(DigitButZero, Digits(length, Expression.Unbounded)));
    }

    /// <summary>The decimal digits of the integers from <paramref name="least"/> (at least 0) to <paramref name="most"/>; without an upper end, of up to 18 digits or those of the lower end.</summary>
    private static Expression Magnitude(BigInteger least, BigInteger? most)
    {
        BigInteger end = most ?? BigInteger.Pow(10, Math.Max(IntegerDigits, Length(least))) - 1;
        if (end < least)
        {
            return Expression.Nothing;
        }
        var lengths = new List<Expression>();
        (int shortest, int longest) = (Length(least), Length(end));
        for (int length = shortest; length <= longest; length++)
        {
            BigInteger first = BigInteger.Max(least, length == 1 ? 0 : BigInteger.Pow(10, length - 1));
            BigInteger last = BigInteger.Min(end, BigInteger.Pow(10, length) - 1);
            lengths.Add(Between(first.ToString(CultureInfo.InvariantCulture), last.ToString(CultureInfo.InvariantCulture)));
        }
        return Expression.Choice(lengths);
    }

    /// <summary>The texts of digits from one to the other, all of the same length.</summary>
    private static Expression Between(ReadOnlySpan<char> first, ReadOnlySpan<char> last)
    {
        if (first.Length == 0)
        {
            return Expression.Empty;
        }
        int rest = first.Length - 1;
        bool isFullBelow = first[1..].IndexOfAnyExcept('0') < 0;
        bool isFullAbove = last[1..].IndexOfAnyExcept('9') < 0;
        if (isFullBelow && isFullAbove)
        {
            return Expression.Sequence(DigitsBetween(first[0], last[0]), Digits(rest, rest));
        }
        if (first[0] == last[0])
        {
            return Expression.Sequence(DigitsBetween(first[0], first[0]), Between(first[1..], last[1..]));
        }
        string nines = new('9', rest);
        string zeros = new('0', rest);
        return Expression.Choice(
            Expression.Sequence(DigitsBetween(first[0], first[0]), Between(first[1..], nines)),
            Expression.Sequence(DigitsBetween(first[0] + 1, last[0] - 1), Digits(rest, rest)),
            Expression.Sequence(DigitsBetween(last[0], last[0]), Between(zeros, last[1..])));
    }

    private static Expression DigitsBetween(int first, int last) => first > last ? Expression.Nothing : Expression.Byte(ByteSet.Range(first, last));

    private static Expression Digits(int minimum, int maximum) => maximum == 0 ? Expression.Empty : Expression.Repeat(Digit, minimum, maximum);

    private static int Length(BigInteger value) => value.ToString(CultureInfo.InvariantCulture).Length;
}
