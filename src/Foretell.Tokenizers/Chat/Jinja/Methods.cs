namespace Foretell.Tokenizers.Jinja;

/// <summary>A method of text, a list or a dictionary.</summary>
internal delegate Value Method(Renderer renderer, Value self, Arguments arguments);

/// <summary>Finds methods by the type of what they are called on.</summary>
internal static class Methods
{
    public static Method? Find(Value self, string name) => self switch
    {
        TextValue => TextMethods.All.GetValueOrDefault(name),
        ListValue { Kind: SequenceKind.List } => ListMethods.All.GetValueOrDefault(name),
        ListValue { Kind: SequenceKind.Tuple or SequenceKind.Range } when name is "index" or "count" => ListMethods.All.GetValueOrDefault(name),
        DictionaryValue => DictionaryMethods.All.GetValueOrDefault(name),
        _ => null,
    };

    /// <summary>The method with its object, as a value; null where there is none of that name.</summary>
    public static FunctionValue? Bound(Value self, string name) =>
        Find(self, name) is { } method ? new FunctionValue(name, (renderer, arguments) => method(renderer, self, arguments)) : null;
}
