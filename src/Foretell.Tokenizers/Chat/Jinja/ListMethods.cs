using System.Collections.Frozen;

namespace Foretell.Tokenizers.Jinja;

/// <summary>Python's methods of lists.</summary>
internal static class ListMethods
{
    public static readonly FrozenDictionary<string, Method> All = new Dictionary<string, Method>
    {
        ["append"] = (renderer, self, arguments) => Change(renderer, self, items => items.Add(arguments.BindAll("append", 1, "object")[0]!)),
        ["extend"] = (renderer, self, arguments) => Change(renderer, self, items => items.AddRange(renderer.Items(arguments.BindAll("extend", 1, "iterable")[0]!))),
        ["insert"] = (renderer, self, arguments) => Change(renderer, self, items =>
        {
            Value?[] bound = arguments.BindAll("insert", 2, "index", "object");
            int index = Arguments.Integer(bound[0], 0, "insert");
            items.Insert(Math.Clamp(index < 0 ? index + items.Count : index, 0, items.Count), bound[1]!);
        }),
        ["pop"] = (renderer, self, arguments) =>
        {
            List<Value> items = ((ListValue)self).Items;
            int index = Arguments.Integer(arguments.Bind("pop", "index")[0], -1, "pop");
            index += index < 0 ? items.Count : 0;
            if (index < 0 || index >= items.Count)
            {
                throw new TemplateFault($"'pop' takes an item that a list of {items.Count} doesn't have");
            }
            renderer.Charge(1 + (items.Count / 16));
            Value item = items[index];
            items.RemoveAt(index);
            return item;
        },
        ["remove"] = (renderer, self, arguments) => Change(renderer, self, items => items.RemoveAt(IndexIn(renderer, items, arguments.BindAll("remove", 1, "value")[0]!, "remove"))),
        ["clear"] = (renderer, self, _) => Change(renderer, self, items => items.Clear()),
        ["reverse"] = (renderer, self, _) => Change(renderer, self, items => items.Reverse()),
        ["copy"] = (renderer, self, _) =>
        {
            renderer.Charge(((ListValue)self).Items.Count);
            return new ListValue([.. ((ListValue)self).Items], origin: self.Origin);
        },
        ["index"] = (renderer, self, arguments) =>
        {
            renderer.Charge(((ListValue)self).Items.Count);
            return new IntegerValue(IndexIn(renderer, ((ListValue)self).Items, arguments.BindAll("index", 1, "value")[0]!, "index"));
        },
        ["count"] = (renderer, self, arguments) =>
        {
            renderer.Charge(((ListValue)self).Items.Count);
            Value wanted = arguments.BindAll("count", 1, "value")[0]!;
            return new IntegerValue(((ListValue)self).Items.Count(item => PythonComparison.AreEqual(renderer, item, wanted)));
        },
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static NoneValue Change(Renderer renderer, Value self, Action<List<Value>> change)
    {
        List<Value> items = ((ListValue)self).Items;
        renderer.Charge(1 + (items.Count / 16));
        change(items);
        return NoneValue.Instance;
    }

    private static int IndexIn(Renderer renderer, List<Value> items, Value wanted, string method)
    {
        int index = items.FindIndex(item => PythonComparison.AreEqual(renderer, item, wanted));
        return index >= 0 ? index : throw new TemplateFault($"'{method}' looks for an item that the list doesn't have");
    }
}
