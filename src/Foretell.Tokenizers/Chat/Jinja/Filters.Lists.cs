using System.Globalization;

namespace Foretell.Tokenizers.Jinja;

internal static partial class Filters
{
    /// <summary>What 'a.b.0' leads to from a value.</summary>
    private static Value Attribute(Renderer renderer, Value item, Value path)
    {
        if (path is IntegerValue)
        {
            return renderer.ItemOf(item, path);
        }
        foreach (string part in Arguments.Text(path, "attribute").Text.Split('.'))
        {
            bool isIndex = part.Length is > 0 and < 10 && part.All(char.IsAsciiDigit);
            item = renderer.ItemOf(item, isIndex ? new IntegerValue(int.Parse(part, CultureInfo.InvariantCulture)) : new TextValue(part));
        }
        return item;
    }

    private static ListValue Map(Renderer renderer, Value value, Arguments arguments)
    {
        Value[] items = value.IsTrue ? renderer.Items(value) : [];
        renderer.Charge(items.Length);
        if (arguments.Positional.Length == 0)
        {
            Value?[] bound = arguments.BindAll("map", 0, "attribute", "default");
            Value path = bound[0] ?? throw new TemplateFault("the filter 'map' needs the name of a filter, or an attribute");
            return ListValue.Iterator([.. items.Select(item =>
                Attribute(renderer, item, path) is var found && found is UndefinedValue && bound[1] is not null ? bound[1]! : found)]);
        }
        string name = Arguments.Text(arguments.Positional[0], "map").Text;
        var rest = new Arguments(arguments.Positional[1..], arguments.Named);
        return ListValue.Iterator([.. items.Select(item => Apply(renderer, name, item, rest))]);
    }

    private static ListValue Choose(Renderer renderer, Value value, Arguments arguments, bool byAttribute, bool wanted)
    {
        Value[] items = value.IsTrue ? renderer.Items(value) : [];
        renderer.Charge(items.Length);
        int used = byAttribute ? 1 : 0;
        if (arguments.Positional.Length < used)
        {
            throw new TemplateFault($"the filter '{(wanted ? "selectattr" : "rejectattr")}' needs the name of an attribute");
        }
        string? test = arguments.Positional.Length > used ? Arguments.Text(arguments.Positional[used], "select").Text : null;
        Arguments rest = test is null ? Arguments.None : new Arguments(arguments.Positional[(used + 1)..], arguments.Named);
        return ListValue.Iterator([.. items.Where(item =>
        {
            Value tested = byAttribute ? Attribute(renderer, item, arguments.Positional[0]) : item;
            return (test is null ? tested.IsTrue : Tests.Holds(renderer, test, tested, rest)) == wanted;
        })]);
    }

    private static ListValue Sort(Renderer renderer, Value value, Arguments arguments)
    {
        Value?[] bound = arguments.Bind("sort", "reverse", "case_sensitive", "attribute");
        bool caseSensitive = bound[1]?.IsTrue ?? false;
        string[]? paths = bound[2] is null or NoneValue ? null : PythonText.Of(renderer, bound[2]!).Text.Split(',');
        return new ListValue(Sorted(renderer, renderer.Items(value), bound[0]?.IsTrue ?? false, item =>
            paths is null ? Key(renderer, item, caseSensitive)
            : ListValue.Tuple([.. paths.Select(path => Key(renderer, Attribute(renderer, item, new TextValue(path)), caseSensitive))])));
    }

    private static ListValue SortDictionary(Renderer renderer, Value value, Arguments arguments)
    {
        Value?[] bound = arguments.Bind("dictsort", "case_sensitive", "by", "reverse");
        string by = bound[1] is null ? "key" : Arguments.Text(bound[1], "dictsort").Text;
        if (by is not ("key" or "value"))
        {
            throw new TemplateFault($"the filter 'dictsort' sorts by '{by}'; expected key or value");
        }
        if (value is not DictionaryValue dictionary)
        {
            throw Unfit("dictsort", value, "a dictionary");
        }
        bool caseSensitive = bound[0]?.IsTrue ?? false;
        Value[] entries = [.. dictionary.Entries.Select(entry => ListValue.Tuple(entry.Key, entry.Value))];
        return new ListValue(Sorted(renderer, entries, bound[2]?.IsTrue ?? false, entry => Key(renderer, ((ListValue)entry).Items[by == "key" ? 0 : 1], caseSensitive)));
    }

    private static List<Value> Sorted(Renderer renderer, Value[] items, bool descending, Func<Value, Value> key)
    {
        renderer.Charge(items.Length * (1L + System.Numerics.BitOperations.Log2((uint)items.Length + 1)));
        var order = Comparer<Value>.Create((first, second) => PythonComparison.Compare(renderer, first, second, "<"));
        try
        {
            return [.. descending ? items.OrderByDescending(key, order) : items.OrderBy(key, order)];
        }
        catch (InvalidOperationException error) when (error.InnerException is TemplateFault fault)
        {
            throw fault;
        }
    }

    private static Value Key(Renderer renderer, Value value, bool caseSensitive) => value is TextValue text && !caseSensitive
        ? TextMethods.Map(renderer, text, (character, _) => char.ToLowerInvariant(character))
        : value;

    private static ListValue Unique(Renderer renderer, Value value, Arguments arguments)
    {
        Value?[] bound = arguments.Bind("unique", "case_sensitive", "attribute");
        var seen = new DictionaryValue();
        var kept = new List<Value>();
        foreach (Value item in renderer.Items(value))
        {
            renderer.Charge(1);
            Value tested = bound[1] is null or NoneValue ? item : Attribute(renderer, item, bound[1]!);
            Value key = Key(renderer, tested, bound[0]?.IsTrue ?? false);
            renderer.Charge(key is TextValue { Text.Length: var length } ? length / 16 : 1);
            if (seen.Find(key) is null)
            {
                seen.Set(key, NoneValue.Instance);
                kept.Add(item);
            }
        }
        return ListValue.Iterator(kept);
    }

    private static ListValue GroupBy(Renderer renderer, Value value, Arguments arguments)
    {
        Value?[] bound = arguments.BindAll("groupby", 1, "attribute", "default", "case_sensitive");
        bool caseSensitive = bound[2]?.IsTrue ?? false;
        Value Plain(Value item) => Attribute(renderer, item, bound[0]!) is var found && found is UndefinedValue && bound[1] is not null ? bound[1]! : found;
        var groups = new List<Value>();
        Value? last = null;
        List<Value> members = [];
        foreach (Value item in Sorted(renderer, renderer.Items(value), descending: false, item => Key(renderer, Plain(item), caseSensitive)))
        {
            Value key = Key(renderer, Plain(item), caseSensitive);
            if (last is null || !PythonComparison.AreEqual(renderer, last, key))
            {
                members = [];
                groups.Add(ListValue.Tuple(Plain(item), new ListValue(members)));
                last = key;
            }
            members.Add(item);
        }
        return new ListValue(groups);
    }

    private static ListValue Batch(Renderer renderer, Value value, Arguments arguments)
    {
        Value?[] bound = arguments.BindAll("batch", 1, "linecount", "fill_with");
        int size = Math.Max(1, Arguments.Integer(bound[0], 1, "batch"));
        Value[] items = renderer.Items(value);
        renderer.Charge(items.Length);
        List<Value> batches = [.. items.Chunk(size).Select(chunk => (Value)new ListValue([.. chunk]))];
        if (bound[1] is Value fill and not NoneValue && batches.Count > 0)
        {
            List<Value> lastItems = ((ListValue)batches[^1]).Items;
            renderer.Charge(size);
            lastItems.AddRange(Enumerable.Repeat(fill, size - lastItems.Count));
        }
        return ListValue.Iterator(batches);
    }

    private static Value Sum(Renderer renderer, Value value, Arguments arguments)
    {
        Value?[] bound = arguments.Bind("sum", "attribute", "start");
        Value total = bound[1] ?? new IntegerValue(0);
        foreach (Value item in renderer.Items(value))
        {
            renderer.Charge(1);
            total = PythonArithmetic.Apply(renderer, "+", total, bound[0] is null or NoneValue ? item : Attribute(renderer, item, bound[0]!));
        }
        return total;
    }

    private static Value Extreme(Renderer renderer, Value value, Arguments arguments, string filter, int sign)
    {
        Value?[] bound = arguments.Bind(filter, "case_sensitive", "attribute");
        Value? best = null, bestKey = null;
        foreach (Value item in renderer.Items(value))
        {
            renderer.Charge(1);
            Value key = Key(renderer, bound[1] is null or NoneValue ? item : Attribute(renderer, item, bound[1]!), bound[0]?.IsTrue ?? false);
            if (bestKey is null || PythonComparison.Compare(renderer, key, bestKey, "<") * sign > 0)
            {
                (best, bestKey) = (item, key);
            }
        }
        return best ?? new UndefinedValue($"'{filter}' is asked of an empty list");
    }
}
