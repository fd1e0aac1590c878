using System.Collections.Frozen;

namespace Foretell.Tokenizers.Jinja;

/// <summary>Python's methods of dictionaries.</summary>
internal static class DictionaryMethods
{
    public static readonly FrozenDictionary<string, Method> All = new Dictionary<string, Method>
    {
        ["keys"] = (renderer, self, _) => View(renderer, self, entry => entry.Key),
        ["values"] = (renderer, self, _) => View(renderer, self, entry => entry.Value),
        ["items"] = (renderer, self, _) => View(renderer, self, entry => ListValue.Tuple(entry.Key, entry.Value)),
        ["get"] = (_, self, arguments) =>
        {
            Value?[] bound = arguments.BindAll("get", 1, "key", "default");
            return ((DictionaryValue)self).Find(bound[0]!) ?? bound[1] ?? NoneValue.Instance;
        },
        ["pop"] = (renderer, self, arguments) =>
        {
            Value?[] bound = arguments.BindAll("pop", 1, "key", "default");
            OrderedDictionary<Value, Value> entries = ((DictionaryValue)self).Entries;
            renderer.Charge(1 + (entries.Count / 16));
            return entries.Remove(DictionaryValue.RefuseMutable(bound[0]!), out Value? value) ? value
                : bound[1] ?? throw new TemplateFault($"'pop' takes the key {Renderer.Shortened(PythonText.Repr(renderer, bound[0]!))}, which the dictionary doesn't have");
        },
        ["setdefault"] = (_, self, arguments) =>
        {
            Value?[] bound = arguments.BindAll("setdefault", 1, "key", "default");
            if (((DictionaryValue)self).Find(bound[0]!) is Value present)
            {
                return present;
            }
            Value value = bound[1] ?? NoneValue.Instance;
            ((DictionaryValue)self).Set(bound[0]!, value);
            return value;
        },
        ["update"] = (renderer, self, arguments) =>
        {
            foreach ((Value key, Value value) in Globals.Dictionary(renderer, arguments).Entries)
            {
                ((DictionaryValue)self).Set(key, value);
            }
            return NoneValue.Instance;
        },
        ["clear"] = (_, self, _) =>
        {
            ((DictionaryValue)self).Entries.Clear();
            return NoneValue.Instance;
        },
        ["copy"] = (renderer, self, _) =>
        {
            var copy = new DictionaryValue(self.Origin) { MessageIndex = ((DictionaryValue)self).MessageIndex };
            renderer.Charge(((DictionaryValue)self).Entries.Count);
            foreach ((Value key, Value value) in ((DictionaryValue)self).Entries)
            {
                copy.Set(key, value);
            }
            return copy;
        },
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static ListValue View(Renderer renderer, Value self, Func<KeyValuePair<Value, Value>, Value> select)
    {
        OrderedDictionary<Value, Value> entries = ((DictionaryValue)self).Entries;
        renderer.Charge(entries.Count);
        return new ListValue([.. entries.Select(select)], SequenceKind.View, self.Origin);
    }
}
