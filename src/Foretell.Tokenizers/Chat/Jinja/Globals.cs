namespace Foretell.Tokenizers.Jinja;

/// <summary>The functions that every template has.</summary>
internal static class Globals
{
    private const int MaximumRange = 100_000;

    /// <param name="now">The time that strftime_now writes; without it the function is undefined.</param>
    public static Scope Create(DateTimeOffset? now)
    {
        var scope = new Scope(null);
        Define("namespace", (renderer, arguments) =>
        {
            var space = new NamespaceValue();
            foreach ((Value key, Value value) in Dictionary(renderer, arguments).Entries)
            {
                space.Attributes[Arguments.Text(key, "namespace").Text] = value;
            }
            return space;
        });
        Define("dict", Dictionary);
        Define("range", Range);
        Define("raise_exception", (renderer, arguments) => throw new TemplateFault(PythonText.Of(renderer, arguments.BindAll("raise_exception", 1, "message")[0]!).Text, isRefusal: true));
        Define("joiner", (_, arguments) =>
        {
            Value separator = arguments.Bind("joiner", "sep")[0] ?? new TextValue(", ");
            bool used = false;
            return new FunctionValue("joiner", (_, _) =>
            {
                (bool wasUsed, used) = (used, true);
                return wasUsed ? separator : TextValue.Empty;
            });
        });
        if (now is DateTimeOffset time)
        {
            Define("strftime_now", (renderer, arguments) =>
            {
                string format = Arguments.Text(arguments.BindAll("strftime_now", 1, "format")[0], "strftime_now").Text;
                renderer.ChargeText(16L * format.Length);
                return new TextValue(Strftime.Format(time, format));
            });
        }
        return scope;

        void Define(string name, Func<Renderer, Arguments, Value> call) => scope.Set(name, new FunctionValue(name, call));
    }

    /// <summary>dict(other, name=value...).</summary>
    public static DictionaryValue Dictionary(Renderer renderer, Arguments arguments)
    {
        var dictionary = new DictionaryValue();
        if (arguments.Positional.Length > 1)
        {
            throw new TemplateFault($"'dict' is given {arguments.Positional.Length} values; it takes one, and names");
        }
        switch (arguments.Positional.FirstOrDefault())
        {
            case null:
                break;
            case DictionaryValue other:
                renderer.Charge(other.Entries.Count);
                foreach ((Value key, Value value) in other.Entries)
                {
                    dictionary.Set(key, value);
                }
                break;
            case Value pairs:
                foreach (Value pair in renderer.Items(pairs))
                {
                    Value[] entry = renderer.Items(pair);
                    if (entry.Length != 2)
                    {
                        throw new TemplateFault("'dict' is given a list whose items are not pairs");
                    }
                    dictionary.Set(entry[0], entry[1]);
                }
                break;
        }
        foreach ((string name, Value value) in arguments.Named)
        {
            dictionary.Set(name, value);
        }
        return dictionary;
    }

    private static ListValue Range(Renderer renderer, Arguments arguments)
    {
        Value?[] bound = arguments.BindAll("range", 1, "start", "stop", "step");
        (long start, long stop, long step) = bound[1] is null
            ? (0, Arguments.Integer(bound[0], 0, "range"), 1)
            : (Arguments.Integer(bound[0], 0, "range"), Arguments.Integer(bound[1], 0, "range"), Arguments.Integer(bound[2], 1, "range"));
        if (step == 0)
        {
            throw new TemplateFault("'range' has a step of zero");
        }
        long count = step > 0 ? (stop - start + step - 1) / step : (start - stop - step - 1) / -step;
        if (count > MaximumRange)
        {
            throw new TemplateFault($"'range' has {count} numbers; at most {MaximumRange} are given");
        }
        renderer.Charge(4 * Math.Max(0, count));
        var numbers = new List<Value>();
        for (long index = 0; index < count; index++)
        {
            numbers.Add(new IntegerValue(start + (index * step)));
        }
        return new ListValue(numbers, SequenceKind.Range);
    }
}
