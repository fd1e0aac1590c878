namespace Foretell.Tokenizers.Jinja;

internal enum SequenceKind
{
    List,
    Tuple,
    Range,

    /// <summary>The keys, values or items of a dictionary.</summary>
    View,

    /// <summary>What map, select and the like give: always true, without length or index, and gone once read.</summary>
    Iterator,
}

/// <summary>A list, or what behaves nearly like one.</summary>
internal sealed class ListValue(List<Value> items, SequenceKind kind = SequenceKind.List, int origin = Origins.Template) : Value(origin)
{
    public List<Value> Items { get; private set; } = items;

    public SequenceKind Kind { get; } = kind;

    public override string TypeName => Kind switch
    {
        SequenceKind.List => "list",
        SequenceKind.Tuple => "tuple",
        SequenceKind.Range => "range",
        SequenceKind.View => "dict_items",
        _ => "generator",
    };

    public override bool IsTrue => Kind == SequenceKind.Iterator || Items.Count > 0;

    public bool HasIndex => Kind is SequenceKind.List or SequenceKind.Tuple or SequenceKind.Range;

    public static ListValue Iterator(List<Value> items) => new(items, SequenceKind.Iterator);

    public static ListValue Tuple(params List<Value> items) => new(items, SequenceKind.Tuple);

    /// <summary>The items as they are now; those of an iterator are gone afterwards.</summary>
    public Value[] Read()
    {
        Value[] all = [.. Items];
        if (Kind == SequenceKind.Iterator)
        {
            Items = [];
        }
        return all;
    }
}
