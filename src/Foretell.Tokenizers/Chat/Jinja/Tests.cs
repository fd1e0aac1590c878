namespace Foretell.Tokenizers.Jinja;

/// <summary>What stands behind 'is', and the comparisons.</summary>
internal static class Tests
{
    public static bool Holds(Renderer renderer, string name, Value value, Arguments arguments)
    {
        if (Comparison(name) is null && name is not ("divisibleby" or "sameas") && Exists(name))
        {
            arguments.Bind(name);
        }
        switch (name)
        {
            case "defined":
                return value is not UndefinedValue;
            case "undefined":
                return value is UndefinedValue;
            case "none":
                return value is NoneValue;
            case "true":
                return value is BooleanValue { IsTrue: true };
            case "false":
                return value is BooleanValue { IsTrue: false };
            case "boolean":
                return value is BooleanValue;
            case "string":
                return value is TextValue;
            case "mapping":
                return value is DictionaryValue;
            case "iterable":
                return value is TextValue or ListValue or DictionaryValue or UndefinedValue or LoopValue;
            case "sequence":
                return value is TextValue or ListValue { HasIndex: true } or DictionaryValue or UndefinedValue;
            case "number":
                return value is IntegerValue or FloatValue or BooleanValue;
            case "integer":
                return value is IntegerValue;
            case "float":
                return value is FloatValue;
            case "callable":
                return value is FunctionValue or LoopValue or UndefinedValue;
            case "escaped":
                return value is TextValue { IsMarkup: true };
            case "upper" or "lower":
                return TextMethods.IsCase(renderer, PythonText.Of(renderer, value).Text, name == "upper");
            case "odd" or "even":
                return Remainder(value, new IntegerValue(2), name).IsTrue == (name == "odd");
            case "divisibleby":
                return !Remainder(value, arguments.BindAll(name, 1, "num")[0]!, name).IsTrue;
            case "sameas":
                return IsSame(renderer, value, arguments.BindAll(name, 1, "other")[0]!);
            case "filter":
                return Filters.Exists(Arguments.Text(value, "filter").Text);
            case "test":
                return Exists(Arguments.Text(value, "test").Text);
            default:
                string comparison = Comparison(name) ?? throw new TemplateFault($"there is no test '{name}'");
                return Compare(renderer, comparison, value, arguments.BindAll(name, 1, "other")[0]!);
        }
    }

    /// <summary>== != &lt; &lt;= &gt; &gt;= in, or not in.</summary>
    public static bool Compare(Renderer renderer, string operation, Value left, Value right)
    {
        if (operation is "in" or "not in")
        {
            if (left is TextValue part && right is TextValue whole)
            {
                renderer.ChargeSearch(whole.Text, part.Text);
            }
            renderer.Charge(right is ListValue list ? list.Items.Count : left is TextValue key ? key.Text.Length / 64 : 1);
            return PythonComparison.Contains(renderer, right, left) == (operation == "in");
        }
        if (operation is "==" or "!=")
        {
            renderer.Charge(left is TextValue text ? text.Text.Length / 64 : left is ListValue or DictionaryValue ? 16 : 1);
            return PythonComparison.AreEqual(renderer, left, right) == (operation == "==");
        }
        int order = PythonComparison.Compare(renderer, left, right, operation);
        return operation switch { "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 };
    }

    private static bool Exists(string name) => Comparison(name) is not null || name is "defined" or "undefined" or "none" or "true" or "false"
        or "boolean" or "string" or "mapping" or "iterable" or "sequence" or "number" or "integer" or "float" or "callable" or "escaped"
        or "upper" or "lower" or "odd" or "even" or "divisibleby" or "sameas" or "filter" or "test";

    private static string? Comparison(string name) => name switch
    {
        "eq" or "equalto" or "==" => "==",
        "ne" or "!=" => "!=",
        "lt" or "lessthan" or "<" => "<",
        "le" or "<=" => "<=",
        "gt" or "greaterthan" or ">" => ">",
        "ge" or ">=" => ">=",
        "in" => "in",
        _ => null,
    };

    private static Value Remainder(Value value, Value divisor, string name) =>
        PythonComparison.Number(value) is null || PythonComparison.Number(divisor) is null
            ? throw new TemplateFault(value is UndefinedValue missing ? missing.Reason : $"the test '{name}' is given a {value.TypeName}; expected a number")
            : PythonArithmetic.Apply(null!, "%", value, divisor);

    private static bool IsSame(Renderer renderer, Value left, Value right) => left switch
    {
        NoneValue => right is NoneValue,
        BooleanValue => right is BooleanValue && left.IsTrue == right.IsTrue,
        TextValue or IntegerValue => left.GetType() == right.GetType() && PythonComparison.AreEqual(renderer, left, right),
        _ => ReferenceEquals(left, right),
    };
}
