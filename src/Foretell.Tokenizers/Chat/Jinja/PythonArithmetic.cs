using System.Numerics;

namespace Foretell.Tokenizers.Jinja;

/// <summary>Python's + - * / // % and **, on numbers, text and lists.</summary>
internal static class PythonArithmetic
{
    public static Value Apply(Renderer renderer, string operation, Value left, Value right)
    {
        if (left is UndefinedValue or NoneValue or FunctionValue || right is UndefinedValue)
        {
            throw Unfit(operation, left, right);
        }
        if (PythonComparison.Number(left) is double a && PythonComparison.Number(right) is double b)
        {
            return left is FloatValue || right is FloatValue || operation == "/"
                ? new FloatValue(OfFloats(operation, a, b))
                : OfIntegers(operation, PythonComparison.Integer(left), PythonComparison.Integer(right));
        }
        switch (operation)
        {
            case "+" when left is TextValue first && right is TextValue second:
                return renderer.Join(first, second);
            case "+" when left is ListValue one && right is ListValue other && one.Kind == other.Kind && one.Kind is SequenceKind.List or SequenceKind.Tuple:
                renderer.Charge(one.Items.Count + other.Items.Count);
                return new ListValue([.. one.Items, .. other.Items], one.Kind, one.Origin == other.Origin ? one.Origin : Origins.Template);
            case "*" when left is IntegerValue or BooleanValue:
                return Repeat(renderer, right, PythonComparison.Integer(left)) ?? throw Unfit(operation, left, right);
            case "*" when right is IntegerValue or BooleanValue:
                return Repeat(renderer, left, PythonComparison.Integer(right)) ?? throw Unfit(operation, left, right);
            case "%" when left is TextValue format:
                return TextFormatting.Percent(renderer, format, right);
            default:
                throw Unfit(operation, left, right);
        }
    }

    private static TemplateFault Unfit(string operation, Value left, Value right) =>
        left is UndefinedValue missing ? new TemplateFault(missing.Reason)
        : right is UndefinedValue alsoMissing ? new TemplateFault(alsoMissing.Reason)
        : operation == "+" && left is TextValue ? new TemplateFault($"'+' can't put a {right.TypeName} after text; expected text (the filter 'string' makes it so)")
        : new TemplateFault($"'{operation}' doesn't work on a {left.TypeName} and a {right.TypeName}");

    private static Value? Repeat(Renderer renderer, Value value, BigInteger times)
    {
        int count = times <= 0 ? 0 : times < int.MaxValue ? (int)times : int.MaxValue;
        switch (value)
        {
            case TextValue text:
                renderer.ChargeText((long)text.Text.Length * count);
                if (text.Runs.Length == 1)
                {
                    string repeated = new System.Text.StringBuilder().Insert(0, text.Text, count).ToString();
                    return new TextValue(repeated, null, text.Runs[0].Origin, text.IsMarkup);
                }
                renderer.Charge(count);
                var builder = new TextBuilder();
                for (int index = 0; index < count && text.Text.Length > 0; index++)
                {
                    builder.Append(text);
                }
                return builder.ToText(text.IsMarkup);
            case ListValue { Kind: SequenceKind.List or SequenceKind.Tuple } list:
                renderer.Charge((long)list.Items.Count * count);
                var items = new List<Value>();
                for (int index = 0; index < count && list.Items.Count > 0; index++)
                {
                    items.AddRange(list.Items);
                }
                return new ListValue(items, list.Kind, list.Origin);
            default:
                return null;
        }
    }

    private static double OfFloats(string operation, double left, double right)
    {
        if (right == 0 && (operation is "/" or "//" or "%"))
        {
            throw new TemplateFault("a number is divided by zero");
        }
        return operation switch
        {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "/" => left / right,
            "//" => Math.Floor(left / right),
            "%" => Modulo(left, right),
            _ => Math.Pow(left, right),
        };
    }

    private static double Modulo(double left, double right)
    {
        double rest = left % right;
        return rest != 0 && rest < 0 != right < 0 ? rest + right : rest;
    }

    private static Value OfIntegers(string operation, BigInteger left, BigInteger right)
    {
        switch (operation)
        {
            case "+":
                return new IntegerValue(left + right);
            case "-":
                return new IntegerValue(left - right);
            case "*":
                return new IntegerValue(left * right);
            case "//" or "%" when right.IsZero:
                throw new TemplateFault("a number is divided by zero");
            case "//":
                BigInteger quotient = BigInteger.DivRem(left, right, out BigInteger remainder);
                return new IntegerValue(!remainder.IsZero && remainder.Sign != right.Sign ? quotient - 1 : quotient);
            case "%":
                BigInteger rest = BigInteger.Remainder(left, right);
                return new IntegerValue(!rest.IsZero && rest.Sign != right.Sign ? rest + right : rest);
            default:
                if (right.Sign < 0)
                {
                    return left.IsZero ? throw new TemplateFault("zero is raised to a negative power") : new FloatValue(Math.Pow((double)left, (double)right));
                }
                if (right > 100_000 || (BigInteger.Abs(left) > 1 && (long)right * left.GetBitLength() > 100_000))
                {
                    throw new TemplateFault("a power is too large");
                }
                return new IntegerValue(BigInteger.Pow(left, (int)right));
        }
    }
}
