using System.Globalization;
using System.Text;

namespace Foretell.Tokenizers.Jinja;

/// <summary>How Python writes values: str(), repr(), and what it takes for whitespace.</summary>
internal static class PythonText
{
    private const int MaximumDepth = 100;

    public static bool IsSpace(char character) => char.IsWhiteSpace(character) || character is >= '\x1c' and <= '\x1f';

    public static bool IsBlank(ReadOnlySpan<char> text)
    {
        foreach (char character in text)
        {
            if (!IsSpace(character))
            {
                return false;
            }
        }
        return true;
    }

    public static string TrimEnd(string text)
    {
        int end = text.Length;
        while (end > 0 && IsSpace(text[end - 1]))
        {
            end--;
        }
        return text[..end];
    }

    /// <summary>str(value), with the origins of what it prints.</summary>
    public static TextValue Of(Renderer renderer, Value value) => value switch
    {
        TextValue text => text,
        UndefinedValue => TextValue.Empty,
        ListValue or DictionaryValue => Built(builder => AppendRepr(renderer, builder, value, 0)),
        _ => new TextValue(Scalar(value), value.Origin),
    };

    /// <summary>repr(value).</summary>
    public static TextValue Repr(Renderer renderer, Value value) => Built(builder => AppendRepr(renderer, builder, value, 0));

    public static string Float(double number)
    {
        if (double.IsNaN(number) || double.IsInfinity(number))
        {
            return double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        }
        string shortest = number.ToString("R", CultureInfo.InvariantCulture);
        (string digits, int exponent) = Digits(shortest);
        string sign = double.IsNegative(number) ? "-" : "";
        if (exponent is < -4 or >= 16)
        {
            string rest = digits.Length > 1 ? "." + digits[1..] : "";
            return $"{sign}{digits[0]}{rest}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture)}";
        }
        if (exponent < 0)
        {
            return sign + "0." + new string('0', -exponent - 1) + digits;
        }
        return digits.Length <= exponent + 1
            ? sign + digits + new string('0', exponent + 1 - digits.Length) + ".0"
            : sign + digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }

    /// <summary>The significant digits and the power of ten of the first.</summary>
    private static (string Digits, int Exponent) Digits(string shortest)
    {
        int e = shortest.IndexOf('E', StringComparison.Ordinal);
        int power = e < 0 ? 0 : int.Parse(shortest.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string mantissa = (e < 0 ? shortest : shortest[..e]).TrimStart('-');
        int dot = mantissa.IndexOf('.', StringComparison.Ordinal);
        int whole = dot < 0 ? mantissa.Length : dot;
        string digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        string significant = digits.TrimStart('0');
        if (significant.Length == 0)
        {
            return ("0", 0);
        }
        int exponent = whole - 1 - (digits.Length - significant.Length) + power;
        significant = significant.TrimEnd('0');
        return (significant, exponent);
    }

    private static TextValue Built(Action<TextBuilder> append)
    {
        var builder = new TextBuilder();
        append(builder);
        return builder.ToText();
    }

    private static string Scalar(Value value) => value switch
    {
        NoneValue => "None",
        BooleanValue => value.IsTrue ? "True" : "False",
        IntegerValue integer => integer.Number.ToString(CultureInfo.InvariantCulture),
        FloatValue number => Float(number.Number),
        FunctionValue function => $"<function {function.Name}>",
        UndefinedValue => "Undefined",
        _ => $"<{value.TypeName}>",
    };

    private static void AppendRepr(Renderer renderer, TextBuilder builder, Value value, int depth)
    {
        if (depth > MaximumDepth)
        {
            throw new TemplateFault($"a value to be printed nests deeper than {MaximumDepth} levels");
        }
        renderer.ChargeGrowth(builder, value is TextValue { Text.Length: var length } ? length : 1);
        switch (value)
        {
            case TextValue text:
                AppendQuoted(builder, text);
                break;
            case ListValue { Kind: SequenceKind.Iterator }:
                builder.Append("<generator>", value.Origin);
                break;
            case ListValue { Kind: SequenceKind.Range } range:
                (Value? first, Value? last) = range.Items.Count > 0 ? (range.Items[0], range.Items[^1]) : (null, null);
                long start = first is IntegerValue low ? (long)low.Number : 0;
                long end = last is IntegerValue high ? (long)high.Number + 1 : 0;
                builder.Append(string.Create(CultureInfo.InvariantCulture, $"range({start}, {end})"), value.Origin);
                break;
            case ListValue list:
                (string open, string close) = list.Kind switch
                {
                    SequenceKind.Tuple => ("(", list.Items.Count == 1 ? ",)" : ")"),
                    SequenceKind.View => ("dict_items([", "])"),
                    _ => ("[", "]"),
                };
                builder.Append(open, value.Origin);
                for (int index = 0; index < list.Items.Count; index++)
                {
                    builder.Append(index > 0 ? ", " : "", value.Origin);
                    AppendRepr(renderer, builder, list.Items[index], depth + 1);
                }
                builder.Append(close, value.Origin);
                break;
            case DictionaryValue dictionary:
                builder.Append("{", value.Origin);
                bool follows = false;
                foreach ((Value key, Value entry) in dictionary.Entries)
                {
                    builder.Append(follows ? ", " : "", value.Origin);
                    AppendRepr(renderer, builder, key, depth + 1);
                    builder.Append(": ", value.Origin);
                    AppendRepr(renderer, builder, entry, depth + 1);
                    follows = true;
                }
                builder.Append("}", value.Origin);
                break;
            default:
                builder.Append(Scalar(value), value.Origin);
                break;
        }
    }

    private static void AppendQuoted(TextBuilder builder, TextValue text)
    {
        char quote = text.Text.Contains('\'', StringComparison.Ordinal) && !text.Text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        ReadOnlySpan<OriginRun> runs = text.Runs;
        int edge = runs.Length > 0 ? runs[0].Origin : text.Origin;
        builder.Append(text.IsMarkup ? $"Markup({quote}" : quote.ToString(), edge);
        int run = 0;
        for (int index = 0; index < text.Text.Length;)
        {
            while (runs[run].End <= index)
            {
                run++;
            }
            int length = text.LengthAt(index);
            builder.Append(Escaped(text.Text.AsSpan(index, length), quote), runs[run].Origin);
            index += length;
        }
        builder.Append(text.IsMarkup ? $"{quote})" : quote.ToString(), runs.Length > 0 ? runs[^1].Origin : text.Origin);
    }

    private static string Escaped(ReadOnlySpan<char> character, char quote)
    {
        if (Rune.DecodeFromUtf16(character, out Rune rune, out _) != System.Buffers.OperationStatus.Done)
        {
            return string.Create(CultureInfo.InvariantCulture, $"\\u{(int)character[0]:x4}");
        }
        return rune.Value switch
        {
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            ' ' => " ",
            int code when code == quote => "\\" + quote,
            < 0x20 or 0x7f => string.Create(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
            _ when IsPrintable(rune) => rune.ToString(),
            <= 0xff => string.Create(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
            <= 0xffff => string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}"),
        };
    }

    private static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
