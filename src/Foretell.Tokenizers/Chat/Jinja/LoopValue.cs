namespace Foretell.Tokenizers.Jinja;

/// <summary>The variable 'loop' inside a for loop.</summary>
internal sealed class LoopValue(Value[] items, int depth, Func<Renderer, Value, Value>? recurse) : Value(Origins.Template)
{
    private Value[]? _changed;

    public int Index { get; set; }

    public override string TypeName => "LoopContext";

    /// <summary>Renders the loop's body over other items; null where the loop is not recursive.</summary>
    public Func<Renderer, Value, Value>? Recurse { get; } = recurse;

    /// <summary>The attribute, or null where there is none of that name.</summary>
    public Value? Find(string name) => name switch
    {
        "index" => new IntegerValue(Index + 1),
        "index0" => new IntegerValue(Index),
        "revindex" => new IntegerValue(items.Length - Index),
        "revindex0" => new IntegerValue(items.Length - Index - 1),
        "first" => BooleanValue.Of(Index == 0),
        "last" => BooleanValue.Of(Index == items.Length - 1),
        "length" => new IntegerValue(items.Length),
        "depth" => new IntegerValue(depth),
        "depth0" => new IntegerValue(depth - 1),
        "previtem" => Index > 0 ? items[Index - 1] : new UndefinedValue("there is no previous item"),
        "nextitem" => Index + 1 < items.Length ? items[Index + 1] : new UndefinedValue("there is no next item"),
        "cycle" => new FunctionValue("loop.cycle", (_, arguments) => arguments.Positional.Length > 0
            ? arguments.Positional[Index % arguments.Positional.Length]
            : throw new TemplateFault("'loop.cycle' needs values to choose from")),
        "changed" => new FunctionValue("loop.changed", (renderer, arguments) =>
        {
            bool same = _changed is not null && _changed.Length == arguments.Positional.Length
                && _changed.Zip(arguments.Positional).All(pair => PythonComparison.AreEqual(renderer, pair.First, pair.Second));
            _changed = arguments.Positional;
            return BooleanValue.Of(!same);
        }),
        _ => null,
    };
}
