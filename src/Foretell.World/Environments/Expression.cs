namespace Foretell.World.Environments;

/// <summary>
/// An arithmetic expression as people write it: whole numbers, <c>+ - * /</c> (also <c>× ÷ x</c>) and parentheses, with the
/// usual precedence. It is read once, from the left, with an own stack, so that no text makes it deep or slow.
/// </summary>
internal static class Expression
{
    /// <summary>Evaluates a text.</summary>
    /// <param name="text">Nothing but the expression.</param>
    /// <param name="value">What it makes, exactly.</param>
    /// <param name="numbers">The numbers in it, in their order.</param>
    /// <returns>False where the text is no expression, divides by zero or leaves the range of 64 bits.</returns>
    public static bool TryEvaluate(string text, out Fraction value, out List<long> numbers)
    {
        numbers = [];
        value = default;
        var values = new Stack<Fraction>();
        var signs = new Stack<char>();
        bool wantsOperand = true;
        for (int at = 0; at < text.Length; at++)
        {
            char c = text[at];
            if (c == ' ')
            {
                continue;
            }
            if (wantsOperand)
            {
                if (c == '(')
                {
                    signs.Push('(');
                    continue;
                }
                int end = at;
                while (end < text.Length && char.IsAsciiDigit(text[end]))
                {
                    end++;
                }
                if (end == at || end - at > 9)
                {
                    return false;
                }
                long number = long.Parse(text.AsSpan(at, end - at), System.Globalization.CultureInfo.InvariantCulture);
                numbers.Add(number);
                values.Push(new Fraction(number, 1));
                (at, wantsOperand) = (end - 1, false);
                continue;
            }
            if (c == ')')
            {
                while (signs.Count > 0 && signs.Peek() != '(')
                {
                    if (!Apply(values, signs.Pop()))
                    {
                        return false;
                    }
                }
                if (signs.Count == 0)
                {
                    return false;
                }
                signs.Pop();
                continue;
            }
            char sign = c switch { '+' => '+', '-' or '\u2212' => '-', '*' or '\u00D7' or 'x' or 'X' => '*', '/' or '\u00F7' or ':' => '/', _ => '?' };
            if (sign == '?')
            {
                return false;
            }
            while (signs.Count > 0 && signs.Peek() != '(' && Rank(signs.Peek()) >= Rank(sign))
            {
                if (!Apply(values, signs.Pop()))
                {
                    return false;
                }
            }
            signs.Push(sign);
            wantsOperand = true;
        }
        if (wantsOperand)
        {
            return false;
        }
        while (signs.Count > 0)
        {
            char sign = signs.Pop();
            if (sign == '(' || !Apply(values, sign))
            {
                return false;
            }
        }
        value = values.Pop();
        return true;
    }

    private static int Rank(char sign) => sign is '*' or '/' ? 2 : 1;

    private static bool Apply(Stack<Fraction> values, char sign)
    {
        Fraction right = values.Pop(), left = values.Pop();
        try
        {
            checked
            {
                if (sign == '/' && right.Numerator == 0)
                {
                    return false;
                }
                values.Push(sign switch
                {
                    '+' => Fraction.Of((left.Numerator * right.Denominator) + (right.Numerator * left.Denominator), left.Denominator * right.Denominator),
                    '-' => Fraction.Of((left.Numerator * right.Denominator) - (right.Numerator * left.Denominator), left.Denominator * right.Denominator),
                    '*' => Fraction.Of(left.Numerator * right.Numerator, left.Denominator * right.Denominator),
                    _ => Fraction.Of(left.Numerator * right.Denominator, left.Denominator * right.Numerator),
                });
            }
            return true;
        }
        catch (OverflowException)
        {
            return false;
        }
    }
}

/// <summary>An exact quotient in lowest terms with a positive denominator.</summary>
internal readonly record struct Fraction(long Numerator, long Denominator)
{
    /// <exception cref="OverflowException">A part does not fit into 64 bits.</exception>
    public static Fraction Of(long numerator, long denominator)
    {
        if (numerator == long.MinValue || denominator == long.MinValue)
        {
            throw new OverflowException("The quotient does not fit into 64 bits.");
        }
        (long a, long b) = (Math.Abs(numerator), Math.Abs(denominator));
        while (b != 0)
        {
            (a, b) = (b, a % b);
        }
        long divisor = denominator < 0 ? -a : a;
        return new Fraction(numerator / divisor, denominator / divisor);
    }
}
