using System.Globalization;

namespace Foretell.Tokenizers.Jinja;

/// <summary>Python's json.dumps, with the origins of what it writes.</summary>
/// <param name="indent">What each level is indented by, or null for one line.</param>
internal sealed class JsonText(Renderer renderer, bool asciiOnly, string? indent, string itemSeparator, string keySeparator, bool sortsKeys)
{
    private const int MaximumDepth = 100;
    private readonly TextBuilder _json = new();

    /// <summary>transformers' filter tojson: characters beyond ASCII stay as they are unless asked otherwise.</summary>
    public static TextValue Filter(Renderer renderer, Value value, Arguments arguments)
    {
        Value?[] bound = arguments.Bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys");
        string? indent = bound[1] switch
        {
            null or NoneValue => null,
            TextValue text => text.Text,
            Value number => new string(' ', Math.Clamp(Arguments.Integer(number, 0, "tojson"), 0, 100)),
        };
        (string item, string key) = indent is null ? (", ", ": ") : (",", ": ");
        if (bound[2] is ListValue { Items.Count: 2 } separators)
        {
            (item, key) = (Arguments.Text(separators.Items[0], "tojson").Text, Arguments.Text(separators.Items[1], "tojson").Text);
        }
        var json = new JsonText(renderer, bound[0]?.IsTrue ?? false, indent, item, key, bound[3]?.IsTrue ?? false);
        json.Write(value, 0);
        return json._json.ToText();
    }

    private void Write(Value value, int depth)
    {
        if (depth > MaximumDepth)
        {
            throw new TemplateFault($"'tojson' is given a value that nests deeper than {MaximumDepth} levels");
        }
        renderer.Charge(1);
        switch (value)
        {
            case TextValue text:
                WriteText(text);
                break;
            case ListValue { HasIndex: true, Kind: not SequenceKind.Range } list:
                WriteGroup('[', ']', list.Items, list.Origin, depth, item => Write(item, depth + 1));
                break;
            case DictionaryValue dictionary:
                IEnumerable<KeyValuePair<Value, Value>> entries = dictionary.Entries;
                if (sortsKeys)
                {
                    entries = entries.OrderBy(entry => entry.Key, Comparer<Value>.Create((first, second) => PythonComparison.Compare(renderer, first, second, "<")));
                }
                WriteGroup('{', '}', [.. entries], dictionary.Origin, depth, entry =>
                {
                    WriteText(entry.Key is TextValue key ? key : new TextValue(Scalar(entry.Key), entry.Key.Origin));
                    Append(keySeparator, dictionary.Origin);
                    Write(entry.Value, depth + 1);
                });
                break;
            default:
                Append(Scalar(value), value.Origin);
                break;
        }
    }

    private void WriteGroup<T>(char open, char close, List<T> items, int origin, int depth, Action<T> write)
    {
        _json.Append(open, origin);
        for (int index = 0; index < items.Count; index++)
        {
            if (index > 0)
            {
                Append(itemSeparator, origin);
            }
            NewLine(depth + 1, origin);
            write(items[index]);
        }
        if (items.Count > 0)
        {
            NewLine(depth, origin);
        }
        _json.Append(close, origin);
        renderer.ChargeGrowth(_json, items.Count);
    }

    private void NewLine(int depth, int origin)
    {
        if (indent is not null)
        {
            renderer.ChargeGrowth(_json, 1 + ((long)depth * indent.Length));
            _json.Append('\n', origin);
            for (int level = 0; level < depth; level++)
            {
                _json.Append(indent, origin);
            }
        }
    }

    private void Append(string text, int origin)
    {
        renderer.ChargeGrowth(_json, text.Length);
        _json.Append(text, origin);
    }

    private void WriteText(TextValue text)
    {
        renderer.ChargeText(text.Text.Length);
        long length = 2;
        foreach (char character in text.Text)
        {
            length += Escaped(character)?.Length ?? 1;
        }
        renderer.ChargeGrowth(_json, length);
        ReadOnlySpan<OriginRun> runs = text.Runs;
        _json.Append('"', runs.Length > 0 ? runs[0].Origin : text.Origin);
        _json.Append(text, Escaped);
        _json.Append('"', runs.Length > 0 ? runs[^1].Origin : text.Origin);
    }

    /// <summary>What stands for a character, or null where it stands for itself.</summary>
    private string? Escaped(char character) => character switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\f' => "\\f",
        '\b' => "\\b",
        < ' ' => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
        > '~' when asciiOnly => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
        _ => null,
    };

    private static string Scalar(Value value) => value switch
    {
        NoneValue => "null",
        BooleanValue => value.IsTrue ? "true" : "false",
        IntegerValue integer => integer.Number.ToString(CultureInfo.InvariantCulture),
        FloatValue number => double.IsNaN(number.Number) ? "NaN"
            : double.IsInfinity(number.Number) ? number.Number > 0 ? "Infinity" : "-Infinity"
            : PythonText.Float(number.Number),
        UndefinedValue missing => throw new TemplateFault($"'tojson' is given nothing: {missing.Reason}"),
        _ => throw new TemplateFault($"'tojson' can't write a {value.TypeName}; expected text, numbers, lists and dictionaries"),
    };
}
