using System.Collections.Frozen;
using System.Globalization;
using System.Numerics;

namespace Foretell.Tokenizers.Jinja;

/// <summary>Jinja's filters on single values, and transformers' tojson; those on lists are in the other file.</summary>
internal static partial class Filters
{
    private static readonly FrozenDictionary<string, Method> All = new Dictionary<string, Method>
    {
        ["tojson"] = JsonText.Filter,
        ["trim"] = (renderer, value, arguments) => TextMethods.Strip(renderer, PythonText.Of(renderer, value), arguments.Bind("trim", "chars")[0], left: true, right: true),
        ["upper"] = (renderer, value, _) => TextMethods.Map(renderer, PythonText.Of(renderer, value), (character, _) => char.ToUpperInvariant(character)),
        ["lower"] = (renderer, value, _) => TextMethods.Map(renderer, PythonText.Of(renderer, value), (character, _) => char.ToLowerInvariant(character)),
        ["capitalize"] = (renderer, value, _) => TextMethods.Capitalize(renderer, PythonText.Of(renderer, value)),
        ["title"] = (renderer, value, _) => TextMethods.Map(renderer, PythonText.Of(renderer, value), (character, before) =>
            PythonText.IsSpace(before) || before is '-' or '(' or '{' or '[' or '<' ? char.ToUpperInvariant(character) : char.ToLowerInvariant(character)),
        ["string"] = (renderer, value, _) => PythonText.Of(renderer, value),
        ["safe"] = (renderer, value, _) => PythonText.Of(renderer, value).AsMarkup(true),
        ["escape"] = (renderer, value, _) => MarkupText.Escape(renderer, PythonText.Of(renderer, value)),
        ["e"] = (renderer, value, _) => MarkupText.Escape(renderer, PythonText.Of(renderer, value)),
        ["forceescape"] = (renderer, value, _) => MarkupText.Escape(renderer, PythonText.Of(renderer, value).AsMarkup(false)),
        ["replace"] = (renderer, value, arguments) =>
        {
            Value?[] bound = arguments.BindAll("replace", 2, "old", "new", "count");
            int count = bound[2] is null or NoneValue ? -1 : Arguments.Integer(bound[2], -1, "replace");
            return TextMethods.Replace(renderer, PythonText.Of(renderer, value).AsMarkup(false), PythonText.Of(renderer, bound[0]!), PythonText.Of(renderer, bound[1]!), count);
        },
        ["indent"] = Indent,
        ["format"] = (renderer, value, arguments) => TextFormatting.Percent(renderer, PythonText.Of(renderer, value),
            arguments.Named.Length > 0 ? Globals.Dictionary(renderer, new Arguments([], arguments.Named)) : ListValue.Tuple([.. arguments.Positional])),
        ["center"] = (renderer, value, arguments) => TextMethods.All["center"](renderer, PythonText.Of(renderer, value), arguments.Positional.Length + arguments.Named.Length > 0 ? arguments : new Arguments([new IntegerValue(80)], [])),
        ["wordcount"] = (renderer, value, _) =>
        {
            TextValue text = PythonText.Of(renderer, value);
            renderer.ChargeText(4L * text.Text.Length);
            return new IntegerValue(System.Text.RegularExpressions.Regex.Count(text.Text, @"\w+", System.Text.RegularExpressions.RegexOptions.CultureInvariant));
        },
        ["default"] = Default,
        ["d"] = Default,
        ["int"] = ToInteger,
        ["float"] = ToFloat,
        ["abs"] = (_, value, _) => value switch
        {
            FloatValue number => new FloatValue(Math.Abs(number.Number)),
            _ when PythonComparison.Number(value) is not null => new IntegerValue(BigInteger.Abs(PythonComparison.Integer(value))),
            _ => throw Unfit("abs", value, "a number"),
        },
        ["round"] = Round,
        ["attr"] = (renderer, value, arguments) => renderer.AttributeOf(value, Arguments.Text(arguments.BindAll("attr", 1, "name")[0], "attr").Text),
        ["length"] = Length,
        ["count"] = Length,
        ["first"] = (renderer, value, _) => renderer.Items(value) is [Value first, ..] ? first : new UndefinedValue("'first' is asked of an empty list"),
        ["last"] = (renderer, value, _) => value is ListValue { Kind: SequenceKind.Iterator } ? throw Unfit("last", value, "a list")
            : renderer.Items(value) is [.., Value last] ? last : new UndefinedValue("'last' is asked of an empty list"),
        ["list"] = (renderer, value, _) => new ListValue([.. renderer.Items(value)], origin: value.Origin),
        ["items"] = (renderer, value, _) => value switch
        {
            UndefinedValue => ListValue.Iterator([]),
            DictionaryValue dictionary => ListValue.Iterator([.. dictionary.Entries.Select(entry => ListValue.Tuple(entry.Key, entry.Value))]),
            _ => throw Unfit("items", value, "a dictionary"),
        },
        ["reverse"] = (renderer, value, _) =>
        {
            Value[] items = renderer.Items(value);
            Array.Reverse(items);
            return value is TextValue text ? TextMethods.Join(renderer, new TextValue("", isMarkup: text.IsMarkup), items, strict: true) : ListValue.Iterator([.. items]);
        },
        ["join"] = (renderer, value, arguments) =>
        {
            Value?[] bound = arguments.Bind("join", "d", "attribute");
            Value[] items = renderer.Items(value);
            if (bound[1] is not null and not NoneValue)
            {
                items = Array.ConvertAll(items, item => Attribute(renderer, item, bound[1]!));
            }
            return TextMethods.Join(renderer, bound[0] is null ? TextValue.Empty : PythonText.Of(renderer, bound[0]!), items, strict: false);
        },
        ["map"] = Map,
        ["select"] = (renderer, value, arguments) => Choose(renderer, value, arguments, byAttribute: false, wanted: true),
        ["reject"] = (renderer, value, arguments) => Choose(renderer, value, arguments, byAttribute: false, wanted: false),
        ["selectattr"] = (renderer, value, arguments) => Choose(renderer, value, arguments, byAttribute: true, wanted: true),
        ["rejectattr"] = (renderer, value, arguments) => Choose(renderer, value, arguments, byAttribute: true, wanted: false),
        ["sort"] = Sort,
        ["unique"] = Unique,
        ["dictsort"] = SortDictionary,
        ["groupby"] = GroupBy,
        ["batch"] = Batch,
        ["sum"] = Sum,
        ["min"] = (renderer, value, arguments) => Extreme(renderer, value, arguments, "min", -1),
        ["max"] = (renderer, value, arguments) => Extreme(renderer, value, arguments, "max", 1),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static bool Exists(string name) => All.ContainsKey(name);

    public static Value Apply(Renderer renderer, string name, Value value, Arguments arguments) =>
        All.TryGetValue(name, out Method? filter) ? filter(renderer, value, arguments) : throw new TemplateFault($"there is no filter '{name}'");

    private static TemplateFault Unfit(string filter, Value value, string wanted) =>
        new(value is UndefinedValue missing ? missing.Reason : $"the filter '{filter}' is given a {value.TypeName}; expected {wanted}");

    private static Value Default(Renderer renderer, Value value, Arguments arguments)
    {
        Value?[] bound = arguments.Bind("default", "default_value", "boolean");
        return value is UndefinedValue || ((bound[1]?.IsTrue ?? false) && !value.IsTrue) ? bound[0] ?? TextValue.Empty : value;
    }

    private static IntegerValue Length(Renderer renderer, Value value, Arguments arguments) => value switch
    {
        TextValue text => new IntegerValue(text.CodePoints),
        ListValue { Kind: not SequenceKind.Iterator } list => new IntegerValue(list.Items.Count),
        DictionaryValue dictionary => new IntegerValue(dictionary.Entries.Count),
        UndefinedValue => new IntegerValue(0),
        _ => throw Unfit("length", value, "text, a list or a dictionary (the filter 'list' makes one)"),
    };

    private static TextValue Indent(Renderer renderer, Value value, Arguments arguments)
    {
        Value?[] bound = arguments.Bind("indent", "width", "first", "blank");
        TextValue text = PythonText.Of(renderer, value);
        TextValue indent = bound[0] is TextValue given ? given : new TextValue(new string(' ', Math.Clamp(Arguments.Integer(bound[0], 4, "indent"), 0, 1000)));
        bool blank = bound[2]?.IsTrue ?? false;
        renderer.ChargeText(text.Text.Length);
        var builder = new TextBuilder();
        bool isFirst = true;

        // Jinja adds a newline before it cuts the text into lines, so that a last empty line stays.
        foreach (TextValue line in TextMethods.Lines(renderer, new TextBuilder().Append(text).Append('\n', Origins.Template).ToText()))
        {
            renderer.ChargeGrowth(builder, indent.Text.Length);
            if (!isFirst)
            {
                builder.Append('\n', Origins.Template);
            }
            if (isFirst ? bound[1]?.IsTrue ?? false : blank || line.Text.Length > 0)
            {
                builder.Append(indent);
            }
            builder.Append(line);
            isFirst = false;
        }
        return builder.ToText(text.IsMarkup);
    }

    private static IntegerValue ToInteger(Renderer renderer, Value value, Arguments arguments)
    {
        Value?[] bound = arguments.Bind("int", "default", "base");
        IntegerValue whenNone = bound[0] is IntegerValue given ? given : new IntegerValue(0);
        switch (value)
        {
            case IntegerValue or BooleanValue:
                return new IntegerValue(PythonComparison.Integer(value));
            case FloatValue number:
                return double.IsFinite(number.Number) ? new IntegerValue(new BigInteger(number.Number)) : whenNone;
            case TextValue text:
                renderer.ChargeText(text.Text.Length);
                string digits = text.Text.Trim();
                int radix = Arguments.Integer(bound[1], 10, "int");
                if (radix == 16 && digits.Length < 1000 && digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
                    && BigInteger.TryParse("0" + digits[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out BigInteger hexadecimal))
                {
                    return new IntegerValue(hexadecimal);
                }
                if (radix == 10 && digits.Length < 1000 && BigInteger.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger whole))
                {
                    return new IntegerValue(whole);
                }
                return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out double real) && double.IsFinite(real) ? new IntegerValue(new BigInteger(real)) : whenNone;
            case UndefinedValue missing:
                throw new TemplateFault(missing.Reason);
            default:
                return whenNone;
        }
    }

    private static Value ToFloat(Renderer renderer, Value value, Arguments arguments)
    {
        Value? whenNone = arguments.Bind("float", "default")[0];
        renderer.Charge(value is TextValue { Text.Length: var length } ? length / 4 : 1);
        return value switch
        {
            UndefinedValue missing => throw new TemplateFault(missing.Reason),
            TextValue text when double.TryParse(text.Text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) => new FloatValue(number),
            _ when PythonComparison.Number(value) is double number => new FloatValue(number),
            _ => whenNone ?? new FloatValue(0),
        };
    }

    private static Value Round(Renderer renderer, Value value, Arguments arguments)
    {
        Value?[] bound = arguments.Bind("round", "precision", "method");
        double number = PythonComparison.Number(value) ?? throw Unfit("round", value, "a number");
        int precision = Math.Clamp(Arguments.Integer(bound[0], 0, "round"), -300, 300);
        string method = bound[1] is null ? "common" : Arguments.Text(bound[1], "round").Text;
        double scale = Math.Pow(10, precision);
        double rounded = method switch
        {
            "ceil" => Math.Ceiling(number * scale) / scale,
            "floor" => Math.Floor(number * scale) / scale,
            "common" when precision == 0 => Math.Round(number, MidpointRounding.ToEven),
            "common" when precision < 0 => Math.Round(number * scale, MidpointRounding.ToEven) / scale,
            "common" => double.Parse(number.ToString("F" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
            _ => throw new TemplateFault($"the filter 'round' is given the method '{method}'; expected common, ceil or floor"),
        };
        rounded = double.IsFinite(rounded) ? rounded : number;
        return value is FloatValue || method != "common" ? new FloatValue(rounded)
            : new IntegerValue(precision < 0 ? new BigInteger(rounded) : PythonComparison.Integer(value));
    }
}
