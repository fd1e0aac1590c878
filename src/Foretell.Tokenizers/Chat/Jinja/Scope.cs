namespace Foretell.Tokenizers.Jinja;

/// <summary>Names of one template, macro, loop round or block, seen after those of the scopes inside it.</summary>
internal sealed class Scope(Scope? parent)
{
    private Dictionary<string, Value>? _values;

    public Value? Find(string name)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._values is not null && scope._values.TryGetValue(name, out Value? value))
            {
                return value;
            }
        }
        return null;
    }

    public void Set(string name, Value value) => (_values ??= new Dictionary<string, Value>(StringComparer.Ordinal))[name] = value;

    private Scope? Outer { get; } = parent;
}
