using System.Numerics;

namespace Foretell.Tokenizers.Jinja;

/// <summary>The values a function, method, filter or test is called with.</summary>
internal sealed class Arguments(Value[] positional, (string Name, Value Value)[] named)
{
    public static readonly Arguments None = new([], []);

    public Value[] Positional { get; } = positional;

    public (string Name, Value Value)[] Named { get; } = named;

    /// <summary>The values by the order of <paramref name="names"/>, null where one isn't given.</summary>
    /// <exception cref="TemplateFault">There are too many, or one of another name.</exception>
    public Value?[] Bind(string function, params ReadOnlySpan<string> names)
    {
        var bound = new Value?[names.Length];
        if (Positional.Length > names.Length)
        {
            throw new TemplateFault($"'{function}' is given {Positional.Length} arguments; it takes {(names.Length == 0 ? "none" : $"{names.Length} at most")}");
        }
        Positional.CopyTo(bound, 0);
        foreach ((string name, Value value) in Named)
        {
            int index = names.IndexOf(name);
            if (index < 0 || bound[index] is not null)
            {
                throw new TemplateFault(index < 0 ? $"'{function}' has no argument '{name}'" : $"'{function}' is given '{name}' twice");
            }
            bound[index] = value;
        }
        return bound;
    }

    public Value?[] BindAll(string function, int required, params ReadOnlySpan<string> names)
    {
        Value?[] bound = Bind(function, names);
        for (int index = 0; index < required; index++)
        {
            if (bound[index] is null)
            {
                throw new TemplateFault($"'{function}' needs the argument '{names[index]}'");
            }
        }
        return bound;
    }

    public static int Integer(Value? value, int whenAbsent, string function)
    {
        BigInteger number = value switch
        {
            null => whenAbsent,
            IntegerValue integer => integer.Number,
            BooleanValue => value.IsTrue ? 1 : 0,
            _ => throw new TemplateFault($"'{function}' is given a {value.TypeName}; expected an integer"),
        };
        return (int)BigInteger.Clamp(number, int.MinValue + 1, int.MaxValue);
    }

    public static TextValue Text(Value? value, string function) => value switch
    {
        TextValue text => text,
        UndefinedValue missing => throw new TemplateFault(missing.Reason),
        _ => throw new TemplateFault($"'{function}' is given a {value?.TypeName ?? "nothing"}; expected text"),
    };
}
