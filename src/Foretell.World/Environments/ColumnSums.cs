using System.Globalization;
using System.Text;

namespace Foretell.World.Environments;

/// <summary>Sums as they are done on paper, digit by digit from the right with carries: the thoughts behind a result.</summary>
internal static class ColumnSums
{
    /// <summary>27 + 58: <c>7 + 8 = 15, write 5, carry 1. 2 + 5 + 1 = 8. So 85.</c></summary>
    public static string Add(int left, int right)
    {
        if (left < 10 && right < 10)
        {
            return Invariant($"{left} + {right} = {left + right}.");
        }
        var steps = new StringBuilder();
        int carry = 0;
        for (int a = left, b = right; a > 0 || b > 0; a /= 10, b /= 10)
        {
            int sum = (a % 10) + (b % 10) + carry;
            string terms = string.Join(" + ", Terms(a, b, carry));
            steps.Append(Invariant($"{terms} = {sum}"));
            bool last = a < 10 && b < 10;
            steps.Append(last ? ". " : Invariant($", write {sum % 10}{(sum >= 10 ? ", carry 1" : "")}. "));
            carry = sum / 10;
        }
        return steps.Append(Invariant($"So {left + right}.")).ToString();
    }

    /// <summary>52 - 27: <c>2 - 7 needs 10: 12 - 7 = 5, write 5, take 1. 5 - 2 - 1 = 2. So 25.</c> The result is not negative.</summary>
    public static string Subtract(int left, int right)
    {
        if (left < 10)
        {
            return Invariant($"{left} - {right} = {left - right}.");
        }
        var steps = new StringBuilder();
        int taken = 0;
        for (int a = left, b = right; a > 0; a /= 10, b /= 10)
        {
            int top = a % 10, bottom = b % 10, rest = top - bottom - taken;
            bool last = a < 10;
            string less = Less(bottom, taken, b > 0);
            if (rest < 0)
            {
                steps.Append(Invariant($"{top}{less} needs 10: {top + 10}{less} = {rest + 10}, write {rest + 10}, take 1. "));
                (taken, rest) = (1, rest + 10);
            }
            else
            {
                steps.Append(Invariant($"{top}{less} = {rest}{(last ? "" : Invariant($", write {rest}"))}. "));
                taken = 0;
            }
        }
        return steps.Append(Invariant($"So {left - right}.")).ToString();
    }

    /// <summary>47 * 6: <c>7 * 6 = 42, write 2, carry 4. 4 * 6 + 4 = 28. So 282.</c></summary>
    public static string MultiplyByDigit(int left, int digit)
    {
        if (left < 10)
        {
            return Invariant($"{left} * {digit} = {left * digit}.");
        }
        var steps = new StringBuilder();
        int carry = 0;
        for (int a = left; a > 0; a /= 10)
        {
            int product = (a % 10 * digit) + carry;
            steps.Append(Invariant($"{a % 10} * {digit}{(carry > 0 ? Invariant($" + {carry}") : "")} = {product}"));
            steps.Append(a < 10 ? ". " : Invariant($", write {product % 10}{(product >= 10 ? Invariant($", carry {product / 10}") : "")}. "));
            carry = product / 10;
        }
        return steps.Append(Invariant($"So {left * digit}.")).ToString();
    }

    private static IEnumerable<string> Terms(int a, int b, int carry)
    {
        if (a > 0)
        {
            yield return InFigures(a % 10);
        }
        if (b > 0)
        {
            yield return InFigures(b % 10);
        }
        if (carry > 0)
        {
            yield return InFigures(carry);
        }
    }

    private static string Less(int bottom, int taken, bool hasDigit) =>
        (hasDigit ? Invariant($" - {bottom}") : "") + (taken > 0 ? Invariant($" - {taken}") : "");

    private static string InFigures(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
