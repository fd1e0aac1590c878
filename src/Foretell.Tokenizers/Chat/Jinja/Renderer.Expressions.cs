using System.Numerics;

namespace Foretell.Tokenizers.Jinja;

internal sealed partial class Renderer
{
    /// <summary>The items of a value that can be gone through.</summary>
    public Value[] Items(Value value)
    {
        switch (value)
        {
            case ListValue list:
                return list.Read();
            case DictionaryValue dictionary:
                return [.. dictionary.Entries.Keys];
            case UndefinedValue:
                return [];
            case TextValue text:
                Charge(4L * text.Text.Length);
                var characters = new List<Value>();
                for (int index = 0; index < text.Text.Length;)
                {
                    int end = index + text.LengthAt(index);
                    characters.Add(text.Slice(index, end));
                    index = end;
                }
                return [.. characters];
            default:
                throw new TemplateFault($"a {value.TypeName} has no items to go through; expected a list, a dictionary or text");
        }
    }

    public Value AttributeOf(Value target, string name)
    {
        Value? found = target switch
        {
            UndefinedValue missing => throw new TemplateFault(missing.Reason),
            NamespaceValue space => space.Attributes.GetValueOrDefault(name),
            LoopValue loop => loop.Find(name),
            _ => Methods.Bound(target, name) ?? (target as DictionaryValue)?.Find(name),
        };
        return found ?? new UndefinedValue($"{Describe(target)} has no attribute '{name}'");
    }

    public Value ItemOf(Value target, Value index)
    {
        switch (target)
        {
            case UndefinedValue missing:
                throw new TemplateFault(missing.Reason);
            case DictionaryValue when index is TextValue { Text.Length: > DictionaryValue.MaximumKeyCharacters }:
                break;
            case DictionaryValue dictionary when index is not ListValue { Kind: not SequenceKind.Tuple } and not DictionaryValue:
                if (dictionary.Find(index) is Value found)
                {
                    return found;
                }
                break;
            case ListValue { HasIndex: true } list when index is IntegerValue or BooleanValue:
                if (Position(index, list.Items.Count) is int at and >= 0)
                {
                    return list.Items[at];
                }
                break;
            case TextValue text when index is IntegerValue or BooleanValue:
                if (Position(index, text.CodePoints) is int character and >= 0)
                {
                    Charge(text.CodePoints == text.Text.Length ? 1 : character / 16);
                    int start = text.IndexOfCodePoint(character);
                    return text.Slice(start, start + text.LengthAt(start));
                }
                break;
        }
        return index is TextValue name && target is not DictionaryValue ? AttributeOf(target, name.Text)
            : index is TextValue key && Methods.Bound(target, key.Text) is Value method ? method
            : new UndefinedValue(index is TextValue attribute
                ? $"{Describe(target)} has no attribute '{Shortened(attribute)}'"
                : $"{Describe(target)} has no element {Shortened(PythonText.Repr(this, index))}");
    }

    public Value CallValue(Value target, Arguments arguments) => target switch
    {
        FunctionValue function => function.Call(this, arguments),
        LoopValue { Recurse: { } recurse } => recurse(this, arguments.BindAll("loop", 1, "iterable")[0]!),
        UndefinedValue missing => throw new TemplateFault(missing.Reason),
        _ => throw new TemplateFault($"a {target.TypeName} is called like a function"),
    };

    /// <summary>Enough of a text for a message.</summary>
    public static string Shortened(TextValue text) => text.Text.Length <= 60 ? text.Text : text.Text[..60] + "...";

    private static int Position(Value index, int count)
    {
        BigInteger position = PythonComparison.Integer(index);
        position += position.Sign < 0 ? count : 0;
        return position >= 0 && position < count ? (int)position : -1;
    }

    private static string Describe(Value value) => value is NoneValue ? "'None'" : $"'{value.TypeName} object'";

    private Value Lookup(string name) => _scope.Find(name) ?? new UndefinedValue(name == "strftime_now"
        ? "the template asks for today's date (strftime_now), but no time was given with the conversation"
        : $"'{name}' is undefined");

    private Value Evaluate(Expression expression)
    {
        switch (expression)
        {
            case Literal literal:
                return literal.Value;
            case Name name:
                Charge(1);
                return Lookup(name.Id);
        }
        Enter();
        _line = expression.Line;
        Value result = expression switch
        {
            SequenceLiteral sequence => new ListValue([.. sequence.Items.Select(Evaluate)], sequence.IsTuple ? SequenceKind.Tuple : SequenceKind.List),
            DictionaryLiteral dictionary => EvaluateDictionary(dictionary),
            Not not => BooleanValue.Of(!Evaluate(not.Operand).IsTrue),
            Signed signed => EvaluateSigned(signed),
            Arithmetic arithmetic => PythonArithmetic.Apply(this, arithmetic.Operator, Evaluate(arithmetic.Left), Evaluate(arithmetic.Right)),
            Logic logic => EvaluateLogic(logic),
            Concatenation concatenation => EvaluateConcatenation(concatenation),
            Comparison comparison => EvaluateComparison(comparison),
            Conditional conditional => EvaluateConditional(conditional),
            GetAttribute get => AttributeOf(Evaluate(get.Target), get.Attribute),
            GetItem get => get.Index is Slice slice ? EvaluateSlice(Evaluate(get.Target), slice) : ItemOf(Evaluate(get.Target), Evaluate(get.Index)),
            Slice => throw new TemplateFault("a slice stands among several indices"),
            Call call => EvaluateCall(call),
            Filter filter => Filters.Apply(this, filter.FilterName, Evaluate(filter.Input), EvaluateArguments(filter.Arguments)),
            Test test => BooleanValue.Of(Tests.Holds(this, test.TestName, Evaluate(test.Input), EvaluateArguments(test.Arguments))),
            Captured => _captured,
            _ => throw new InvalidOperationException($"{expression.GetType().Name} is not evaluated"),
        };
        _depth--;
        return result;
    }

    private DictionaryValue EvaluateDictionary(DictionaryLiteral literal)
    {
        var dictionary = new DictionaryValue();
        foreach ((Expression key, Expression value) in literal.Entries)
        {
            dictionary.Set(Evaluate(key), Evaluate(value));
        }
        return dictionary;
    }

    private Value EvaluateSigned(Signed signed)
    {
        Value operand = Evaluate(signed.Operand);
        return operand switch
        {
            IntegerValue or BooleanValue => new IntegerValue(signed.Sign == '-' ? -PythonComparison.Integer(operand) : PythonComparison.Integer(operand)),
            FloatValue number => new FloatValue(signed.Sign == '-' ? -number.Number : number.Number),
            UndefinedValue missing => throw new TemplateFault(missing.Reason),
            _ => throw new TemplateFault($"'{signed.Sign}' stands before a {operand.TypeName}; expected a number"),
        };
    }

    private Value EvaluateLogic(Logic logic)
    {
        Value left = Evaluate(logic.Left);
        return left.IsTrue == logic.IsAnd ? Evaluate(logic.Right) : left;
    }

    private TextValue EvaluateConcatenation(Concatenation concatenation)
    {
        var builder = new TextBuilder();
        foreach (Expression part in concatenation.Parts)
        {
            TextValue text = PythonText.Of(this, Evaluate(part));
            ChargeGrowth(builder, text.Text.Length);
            builder.Append(text);
        }
        return builder.ToText();
    }

    private BooleanValue EvaluateComparison(Comparison comparison)
    {
        Value left = Evaluate(comparison.First);
        foreach ((string operation, Expression operand) in comparison.Rest)
        {
            Value right = Evaluate(operand);
            if (!Tests.Compare(this, operation, left, right))
            {
                return BooleanValue.False;
            }
            left = right;
        }
        return BooleanValue.True;
    }

    private Value EvaluateConditional(Conditional conditional) =>
        Evaluate(conditional.Test).IsTrue ? Evaluate(conditional.Then)
        : conditional.Else is not null ? Evaluate(conditional.Else)
        : new UndefinedValue("an 'if' without 'else' inside an expression did not hold, so that there is no value");

    private Value EvaluateCall(Call call)
    {
        if (call.Target is GetAttribute get)
        {
            Value self = Evaluate(get.Target);
            if (Methods.Find(self, get.Attribute) is { } method)
            {
                return method(this, self, EvaluateArguments(call.Arguments));
            }
            return CallValue(AttributeOf(self, get.Attribute), EvaluateArguments(call.Arguments));
        }
        return CallValue(Evaluate(call.Target), EvaluateArguments(call.Arguments));
    }

    private Arguments EvaluateArguments(ArgumentList list)
    {
        if (ReferenceEquals(list, ArgumentList.None))
        {
            return Arguments.None;
        }
        var positional = new List<Value>(list.Positional.Select(Evaluate));
        var named = new List<(string, Value)>(list.Named.Select(argument => (argument.Name, Evaluate(argument.Value))));
        if (list.Spread is not null)
        {
            positional.AddRange(Items(Evaluate(list.Spread)));
        }
        if (list.NamedSpread is not null)
        {
            Value spread = Evaluate(list.NamedSpread);
            if (spread is not DictionaryValue dictionary)
            {
                throw new TemplateFault($"'**' spreads a {spread.TypeName}; expected a dictionary");
            }
            named.AddRange(dictionary.Entries.Select(entry => (Arguments.Text(entry.Key, "**").Text, entry.Value)));
        }
        return new Arguments([.. positional], [.. named]);
    }

    private Value EvaluateSlice(Value target, Slice slice)
    {
        (Value? first, Value? last, Value? by) = (Bound(slice.Start), Bound(slice.Stop), Bound(slice.Step));
        int step = Arguments.Integer(by, 1, "a slice's step");
        if (step == 0)
        {
            throw new TemplateFault("a slice's step is zero");
        }
        switch (target)
        {
            case UndefinedValue missing:
                throw new TemplateFault(missing.Reason);
            case ListValue { HasIndex: true } list:
                List<Value> items = [.. Positions(first, last, step, list.Items.Count).Select(index => list.Items[index])];
                Charge(items.Count);
                return new ListValue(items, list.Kind, list.Origin);
            case TextValue text when step == 1:
                (int start, int stop) = Range(first, last, step, text.CodePoints);
                ChargeText(Math.Max(0, stop - start));
                return text.Slice(text.IndexOfCodePoint(start), text.IndexOfCodePoint(Math.Max(start, stop)));
            case TextValue text:
                Value[] characters = Items(text);
                var builder = new TextBuilder();
                foreach (int index in Positions(first, last, step, characters.Length))
                {
                    builder.Append((TextValue)characters[index]);
                }
                return builder.ToText(text.IsMarkup);
            default:
                return new UndefinedValue($"{Describe(target)} can't be sliced");
        }

        Value? Bound(Expression? expression) => expression is not null && Evaluate(expression) is var value and not NoneValue ? value : null;
    }

    /// <summary>The first index and the one before which (after which, going back) the slice stops.</summary>
    private static (int Start, int Stop) Range(Value? first, Value? last, int step, int count)
    {
        (int lowest, int highest) = step > 0 ? (0, count) : (-1, count - 1);
        int start = first is null ? (step > 0 ? lowest : highest) : Clamp(first);
        int stop = last is null ? (step > 0 ? highest : lowest) : Clamp(last);
        return (start, stop);

        int Clamp(Value value)
        {
            int position = Arguments.Integer(value, 0, "a slice");
            return Math.Clamp(position < 0 ? position + count : position, lowest, highest);
        }
    }

    private static IEnumerable<int> Positions(Value? first, Value? last, int step, int count)
    {
        (int start, int stop) = Range(first, last, step, count);
        for (long index = start; step > 0 ? index < stop : index > stop; index += step)
        {
            yield return (int)index;
        }
    }
}
