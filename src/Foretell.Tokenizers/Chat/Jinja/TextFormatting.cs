using System.Globalization;
using System.Numerics;

namespace Foretell.Tokenizers.Jinja;

/// <summary>Python's two ways to fill values into text: "%s" % value and "{}".format(value).</summary>
internal static class TextFormatting
{
    private const int MaximumWidth = 10_000;

    /// <summary>format % values, for %s %r %d %i %f %e %g %x %X %o %c and %%.</summary>
    public static TextValue Percent(Renderer renderer, TextValue format, Value values)
    {
        Queue<Value> left = new(values is ListValue { Kind: SequenceKind.Tuple } tuple ? tuple.Items : [values]);
        int given = left.Count;
        string text = format.Text;
        renderer.ChargeText(text.Length);
        var builder = new TextBuilder();
        int position = 0;
        for (int at; (at = text.IndexOf('%', position)) >= 0;)
        {
            builder.Append(format, position, at);
            int index = at + 1;
            Value? named = null;
            if (index < text.Length && text[index] == '(')
            {
                int close = text.IndexOf(')', index);
                string key = close < 0 ? throw new TemplateFault("a '%(' in a format isn't closed") : text[(index + 1)..close];
                named = (values as DictionaryValue)?.Find(key) ?? throw new TemplateFault($"a format asks for '{key}', which it isn't given");
                index = close + 1;
            }
            int start = index;
            while (index < text.Length && (text[index] is '-' or '+' or ' ' or '#' or '.' || char.IsAsciiDigit(text[index])))
            {
                index++;
            }
            if (index == text.Length)
            {
                throw new TemplateFault("a format ends inside a '%'");
            }
            if (text[index] == '%')
            {
                builder.Append('%', Origins.Template);
            }
            else
            {
                Value value = named ?? (left.TryDequeue(out Value? next) ? next : throw new TemplateFault($"a format asks for more than the {given} values it is given"));
                TextValue directive = Directive(renderer, text[start..index], text[index], value);
                renderer.ChargeGrowth(builder, directive.Text.Length + index - position);
                builder.Append(directive);
            }
            position = index + 1;
        }
        return left.Count > 0 && values is not DictionaryValue
            ? throw new TemplateFault($"a format is given {given} values and takes {given - left.Count}")
            : builder.Append(format, position, text.Length).ToText(format.IsMarkup);
    }

    /// <summary>"{} {0} {name:>8.2f}".format(...).</summary>
    public static Value Format(Renderer renderer, TextValue format, Arguments arguments)
    {
        string text = format.Text;
        renderer.ChargeText(text.Length);
        var builder = new TextBuilder();
        int automatic = 0;
        for (int index = 0; index < text.Length;)
        {
            int brace = text.AsSpan(index).IndexOfAny('{', '}');
            int at = brace < 0 ? text.Length : index + brace;
            builder.Append(format, index, at);
            if (at == text.Length)
            {
                break;
            }
            if (at + 1 < text.Length && text[at + 1] == text[at])
            {
                builder.Append(format, at, at + 1);
                index = at + 2;
                continue;
            }
            int close = text.IndexOf('}', at);
            if (text[at] == '}' || close < 0)
            {
                throw new TemplateFault("a format has a brace without its partner");
            }
            string field = text[(at + 1)..close];
            int colon = field.IndexOf(':', StringComparison.Ordinal);
            string specification = colon < 0 ? "" : field[(colon + 1)..];
            string name = colon < 0 ? field : field[..colon];
            int conversion = name.IndexOf('!', StringComparison.Ordinal);
            Value value = Field(renderer, conversion < 0 ? name : name[..conversion], arguments, ref automatic);
            value = conversion < 0 ? value : name[conversion..] == "!r" ? PythonText.Repr(renderer, value) : PythonText.Of(renderer, value);
            TextValue written = Specified(renderer, specification, value);
            renderer.ChargeGrowth(builder, written.Text.Length + close - index);
            builder.Append(written);
            index = close + 1;
        }
        return builder.ToText(format.IsMarkup);
    }

    private static Value Field(Renderer renderer, string name, Arguments arguments, ref int automatic)
    {
        int end = name.AsSpan().IndexOfAny('.', '[');
        string first = end < 0 ? name : name[..end];
        Value value;
        if (first.Length == 0 || first.All(char.IsAsciiDigit))
        {
            int index = first.Length == 0 ? automatic++ : first.Length < 6 ? int.Parse(first, CultureInfo.InvariantCulture) : int.MaxValue;
            value = index < arguments.Positional.Length ? arguments.Positional[index]
                : throw new TemplateFault($"a format asks for more than the {arguments.Positional.Length} values it is given");
        }
        else
        {
            value = Array.Find(arguments.Named, argument => argument.Name == first).Value
                ?? throw new TemplateFault($"a format asks for '{first}', which it isn't given");
        }
        for (int index = end; index >= 0 && index < name.Length;)
        {
            bool isItem = name[index] == '[';
            int stop = isItem ? name.IndexOf(']', index) : name.AsSpan(index + 1).IndexOfAny('.', '[') is int next and >= 0 ? index + 1 + next : name.Length;
            string part = stop < 0 ? throw new TemplateFault("a '[' in a format isn't closed") : name[(index + 1)..stop];
            value = !isItem ? renderer.AttributeOf(value, part)
                : renderer.ItemOf(value, part.All(char.IsAsciiDigit) && part.Length is > 0 and < 6 ? new IntegerValue(int.Parse(part, CultureInfo.InvariantCulture)) : new TextValue(part));
            index = isItem ? stop + 1 : stop;
        }
        return value;
    }

    private static TextValue Directive(Renderer renderer, string options, char kind, Value value)
    {
        bool left = options.Contains('-', StringComparison.Ordinal);
        string flags = options.TrimStart('-', '+', ' ', '#', '0');
        string sign = options.Contains('+', StringComparison.Ordinal) ? "+" : options.Contains(' ', StringComparison.Ordinal) ? " " : "";
        bool zeros = !left && options[..^flags.Length].Contains('0', StringComparison.Ordinal);
        int dot = flags.IndexOf('.', StringComparison.Ordinal);
        int width = Size(dot < 0 ? flags : flags[..dot]) ?? 0;
        int? precision = dot < 0 ? null : Size(flags[(dot + 1)..]) ?? 0;
        TextValue text;
        switch (kind)
        {
            case 's' or 'r' or 'c':
                text = kind == 'r' ? PythonText.Repr(renderer, value) : PythonText.Of(renderer, value);
                text = precision is int most && most < text.CodePoints ? text.Slice(0, text.IndexOfCodePoint(most)) : text;
                return Aligned(text, left ? '<' : '>', " ", width);
            case 'd' or 'i' or 'u':
                BigInteger whole = value is FloatValue real ? new BigInteger(real.Number) : PythonComparison.Number(value) is null ? throw NoNumber(kind, value) : PythonComparison.Integer(value);
                return Numeric(BigInteger.Abs(whole).ToString(CultureInfo.InvariantCulture), whole.Sign < 0, value.Origin);
            case 'x' or 'X' or 'o':
                return Numeric(Radix(value, kind), PythonComparison.Number(value) < 0, value.Origin);
            case 'f' or 'F' or 'e' or 'E' or 'g' or 'G':
                double number = PythonComparison.Number(value) ?? throw NoNumber(kind, value);
                return Numeric(Real(Math.Abs(number), kind, precision ?? 6), double.IsNegative(number), value.Origin);
            default:
                throw new TemplateFault($"a format has '%{options}{kind}', which is not known");
        }

        TextValue Numeric(string digits, bool negative, int origin)
        {
            string before = negative ? "-" : sign;
            return new TextValue(zeros ? before + digits.PadLeft(width - before.Length, '0') : left ? (before + digits).PadRight(width) : (before + digits).PadLeft(width), origin);
        }
    }

    /// <summary>[[fill]align][sign][0][width][,][.precision][type].</summary>
    private static TextValue Specified(Renderer renderer, string specification, Value value)
    {
        if (specification.Length == 0)
        {
            return PythonText.Of(renderer, value);
        }
        string rest = specification;
        string fill = " ";
        char? align = null;
        if (rest.Length > 1 && rest[1] is '<' or '>' or '^' or '=')
        {
            (fill, align, rest) = (rest[..1], rest[1], rest[2..]);
        }
        else if (rest[0] is '<' or '>' or '^' or '=')
        {
            (align, rest) = (rest[0], rest[1..]);
        }
        string sign = rest.Length > 0 && rest[0] is '+' or ' ' ? rest[..1] : "";
        rest = rest.TrimStart('+', '-', ' ', '#');
        if (rest.StartsWith('0'))
        {
            (fill, align) = ("0", align ?? '=');
        }
        int digits = rest.AsSpan().IndexOfAnyExceptInRange('0', '9') is int found and >= 0 ? found : rest.Length;
        int width = Size(rest[..digits]) ?? 0;
        rest = rest[digits..];
        bool groups = rest.StartsWith(',') || rest.StartsWith('_');
        string separator = groups ? rest[..1] : "";
        rest = groups ? rest[1..] : rest;
        int? precision = null;
        if (rest.StartsWith('.'))
        {
            digits = rest.AsSpan(1).IndexOfAnyExceptInRange('0', '9') is int end and >= 0 ? end + 1 : rest.Length;
            (precision, rest) = (Size(rest[1..digits]), rest[digits..]);
        }
        char kind = rest.Length == 0 ? '\0' : rest.Length == 1 ? rest[0] : throw new TemplateFault($"a format has ':{specification}', which is not known");
        if (value is TextValue or NoneValue or ListValue or DictionaryValue)
        {
            TextValue text = kind is '\0' or 's' ? PythonText.Of(renderer, value) : throw NoNumber(kind, value);
            text = precision is int most && most < text.CodePoints ? text.Slice(0, text.IndexOfCodePoint(most)) : text;
            return Aligned(text, align is null or '=' ? '<' : align.Value, fill, width);
        }
        double number = PythonComparison.Number(value) ?? throw NoNumber(kind, value);
        string written = kind switch
        {
            'd' or '\0' or 'n' when value is not FloatValue => BigInteger.Abs(PythonComparison.Integer(value)).ToString(CultureInfo.InvariantCulture),
            '\0' when precision is null => PythonText.Float(Math.Abs(number)),
            'x' or 'X' or 'o' or 'b' => Radix(value, kind),
            '%' => Real(Math.Abs(number) * 100, 'f', precision ?? 6) + "%",
            'f' or 'F' or 'e' or 'E' or 'g' or 'G' or '\0' => Real(Math.Abs(number), kind == '\0' ? 'g' : kind, precision ?? 6),
            _ => throw NoNumber(kind, value),
        };
        if (groups)
        {
            int whole = written.AsSpan().IndexOfAnyExceptInRange('0', '9') is int other and >= 0 ? other : written.Length;
            for (int index = whole - 3; index > 0; index -= 3)
            {
                written = written.Insert(index, separator);
            }
        }
        string before = number < 0 || (number == 0 && double.IsNegative(number)) ? "-" : sign;
        return align == '='
            ? new TextValue(before + written.PadLeft(Math.Max(0, width - before.Length), fill[0]), value.Origin)
            : Aligned(new TextValue(before + written, value.Origin), align ?? '>', fill, width);
    }

    private static TextValue Aligned(TextValue text, char align, string fill, int width)
    {
        int missing = width - text.CodePoints;
        if (missing <= 0)
        {
            return text;
        }
        int left = align switch { '<' => 0, '^' => missing / 2, _ => missing };
        return new TextBuilder().Append(new string(fill[0], left), Origins.Template).Append(text)
            .Append(new string(fill[0], missing - left), Origins.Template).ToText(text.IsMarkup);
    }

    private static int? Size(string digits) => digits.Length == 0 ? null
        : digits.Length < 6 && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int size) && size <= MaximumWidth ? size
        : throw new TemplateFault($"a format has the width '{digits}'; expected a number up to {MaximumWidth}");

    private static string Real(double number, char kind, int precision)
    {
        if (!double.IsFinite(number))
        {
            return PythonText.Float(number);
        }
        switch (char.ToLowerInvariant(kind))
        {
            case 'f':
                return number.ToString("F" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            case 'e':
                string zeros = precision > 0 ? "." + new string('0', precision) : "";
                return number.ToString($"0{zeros}{kind}+00", CultureInfo.InvariantCulture);
            default:
                precision = Math.Max(1, precision);
                int exponent = number == 0 ? 0 : (int)Math.Floor(Math.Log10(number));
                bool scientific = exponent < -4 || exponent >= precision;
                string text = scientific ? Real(number, 'e', precision - 1) : Real(number, 'f', precision - 1 - exponent);
                int tail = text.IndexOf('e', StringComparison.Ordinal) is int e and >= 0 ? e : text.Length;
                string mantissa = text[..tail];
                return (mantissa.Contains('.', StringComparison.Ordinal) ? mantissa.TrimEnd('0').TrimEnd('.') : mantissa) + text[tail..];
        }
    }

    private static string Radix(Value value, char kind)
    {
        if (value is not (IntegerValue or BooleanValue))
        {
            throw NoNumber(kind, value);
        }
        BigInteger number = BigInteger.Abs(PythonComparison.Integer(value));
        int radix = kind switch { 'o' => 8, 'b' => 2, _ => 16 };
        string digits = number.IsZero ? "0" : "";
        for (; !number.IsZero; number /= radix)
        {
            digits = "0123456789abcdef"[(int)(number % radix)] + digits;
        }
        return kind == 'X' ? digits.ToUpperInvariant() : digits;
    }

    private static TemplateFault NoNumber(char kind, Value value) =>
        new(value is UndefinedValue missing ? missing.Reason : $"a format writes a {value.TypeName} as '{kind}', which doesn't fit");
}
