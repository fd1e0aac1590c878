using System.Numerics;

namespace Foretell.Tokenizers.Jinja;

/// <summary>Where a value comes from, so that text printed from it can be told from the template's own.</summary>
internal static class Origins
{
    public const int Template = 0;

    /// <summary>Tools, documents and variables given beside the messages.</summary>
    public const int Input = -1;

    public static int Message(int index) => index + 1;
}

/// <summary>A Python value as templates see it.</summary>
internal abstract class Value(int origin)
{
    public int Origin { get; } = origin;

    /// <summary>Python's name of the type.</summary>
    public abstract string TypeName { get; }

    public virtual bool IsTrue => true;
}

internal sealed class NoneValue(int origin = Origins.Template) : Value(origin)
{
    public static readonly NoneValue Instance = new();

    public override string TypeName => "NoneType";

    public override bool IsTrue => false;
}

/// <summary>What a missing name or attribute gives: prints nothing, is false and empty, and fails where it is used otherwise.</summary>
internal sealed class UndefinedValue(string reason) : Value(Origins.Template)
{
    /// <summary>The clause that says what is missing.</summary>
    public string Reason { get; } = reason;

    public override string TypeName => "Undefined";

    public override bool IsTrue => false;
}

internal sealed class BooleanValue(bool isTrue, int origin = Origins.Template) : Value(origin)
{
    public static readonly BooleanValue True = new(true);
    public static readonly BooleanValue False = new(false);

    public override string TypeName => "bool";

    public override bool IsTrue => isTrue;

    public static BooleanValue Of(bool value) => value ? True : False;
}

internal sealed class IntegerValue(BigInteger number, int origin = Origins.Template) : Value(origin)
{
    /// <summary>The largest magnitude, in bits; Python has no bound, but a hostile template must meet one.</summary>
    private const int MaximumBits = 4096;

    public BigInteger Number { get; } = number.GetBitLength() <= MaximumBits ? number
        : throw new TemplateFault($"an integer takes more than {MaximumBits} bits; templates are given that much");

    public override string TypeName => "int";

    public override bool IsTrue => !Number.IsZero;
}

internal sealed class FloatValue(double number, int origin = Origins.Template) : Value(origin)
{
    public double Number { get; } = number;

    public override string TypeName => "float";

    public override bool IsTrue => Number != 0;
}

/// <summary>A function, a bound method or a macro.</summary>
internal sealed class FunctionValue(string name, Func<Renderer, Arguments, Value> call) : Value(Origins.Template)
{
    public string Name { get; } = name;

    public Func<Renderer, Arguments, Value> Call { get; } = call;

    public override string TypeName => "function";
}

/// <summary>What namespace() gives: attributes that an inner scope may set.</summary>
internal sealed class NamespaceValue : Value
{
    public NamespaceValue()
        : base(Origins.Template)
    {
    }

    public Dictionary<string, Value> Attributes { get; } = new(StringComparer.Ordinal);

    public override string TypeName => "Namespace";
}
