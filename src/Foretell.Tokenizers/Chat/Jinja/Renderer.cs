using System.Runtime.CompilerServices;

namespace Foretell.Tokenizers.Jinja;

/// <summary>A stretch of the rendering: of message <paramref name="Index"/>, or of a generation block.</summary>
internal readonly record struct OutputSpan(int Start, int End, int Index);

/// <summary>Runs a template once: statements here, expressions in the other file.</summary>
internal sealed partial class Renderer
{
    private readonly ChatTemplateLimits _limits;
    private readonly TextBuilder _rendering = new();
    private TextBuilder _output;
    private Scope _scope;
    private Value _captured = TextValue.Empty;
    private long _steps;
    private int _depth;
    private int _line = 1;

    public Renderer(Scope globals, ChatTemplateLimits limits) => (_scope, _limits, _output) = (globals, limits, _rendering);

    /// <summary>Which stretches were written while a loop stood at a message, in order; inner ones are left out.</summary>
    public List<OutputSpan> Turns { get; } = [];

    /// <summary>What generation blocks wrote.</summary>
    public List<OutputSpan> Generations { get; } = [];

    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    /// <exception cref="ChatTemplateException">The template can't render this; the message says where and why.</exception>
    public TextValue Render(Statement[] template)
    {
        try
        {
            Run(template);
            return _rendering.ToText();
        }
        catch (TemplateFault fault)
        {
            throw new ChatTemplateException(fault.Message, _line, fault.IsRefusal, fault);
        }
        catch (InsufficientExecutionStackException error)
        {
            throw new ChatTemplateException("the template nests or recurses too deeply", _line, inner: error);
        }
    }

    /// <summary>Counts work; what a template may do is bounded.</summary>
    public void Charge(long steps)
    {
        _steps += steps;
        if (_steps > _limits.MaximumSteps)
        {
            throw new TemplateFault($"rendering took more than {_limits.MaximumSteps} steps; the template may loop without end");
        }
    }

    /// <summary>Counts the making of a text.</summary>
    public void ChargeText(long characters)
    {
        if (characters > _limits.MaximumCharacters)
        {
            throw new TemplateFault($"a text grew longer than {_limits.MaximumCharacters} characters");
        }
        Charge(1 + (characters / 16));
    }

    /// <summary>Counts what is about to be appended to a text.</summary>
    public void ChargeGrowth(TextBuilder builder, long characters)
    {
        if (builder.Length + characters > _limits.MaximumCharacters)
        {
            throw new TemplateFault($"a text grew longer than {_limits.MaximumCharacters} characters");
        }
        Charge(1 + (characters / 16));
    }

    /// <summary>Counts a search for a part in a text, which may take the product of their lengths.</summary>
    public void ChargeSearch(string text, string part) =>
        Charge(1 + (text.Length / 16) + (Math.Max(0L, text.Length - part.Length) * part.Length / 1024));

    /// <summary>first + second; where one is markup, the other is escaped.</summary>
    public TextValue Join(TextValue first, TextValue second)
    {
        if (first.IsMarkup != second.IsMarkup)
        {
            (first, second) = (MarkupText.Escape(this, first), MarkupText.Escape(this, second));
        }
        ChargeText((long)first.Text.Length + second.Text.Length);
        return new TextBuilder().Append(first).Append(second).ToText(first.IsMarkup);
    }

    private Flow Run(Statement[] body)
    {
        foreach (Statement statement in body)
        {
            Flow flow = Run(statement);
            if (flow != Flow.Next)
            {
                return flow;
            }
        }
        return Flow.Next;
    }

    private Flow Run(Statement statement)
    {
        Enter();
        _line = statement.Line;
        Flow flow = Flow.Next;
        switch (statement)
        {
            case Data data:
                Write(data.Text);
                break;
            case Print print:
                Write(PythonText.Of(this, Evaluate(print.Value)));
                break;
            case If choice:
                flow = Run(Branch(choice));
                break;
            case For loop:
                flow = RunLoop(loop, Evaluate(loop.Items), 1);
                break;
            case Set set:
                Assign(set.Target, Evaluate(set.Value));
                break;
            case SetBlock block:
                TextValue written = Capture(block.Body, new Scope(_scope), out flow);
                Assign(block.Target, Filtered(block.Value, written));
                break;
            case FilterBlock block:
                written = Capture(block.Body, new Scope(_scope), out flow);
                Write(PythonText.Of(this, Filtered(block.Value, written)));
                break;
            case Macro macro:
                _scope.Set(macro.MacroName, Function(macro, _scope));
                break;
            case CallBlock block:
                Arguments arguments = EvaluateArguments(block.Call.Arguments);
                FunctionValue caller = Function(block.Caller, _scope);
                arguments = new Arguments(arguments.Positional, [.. arguments.Named, ("caller", caller)]);
                Write(PythonText.Of(this, CallValue(Evaluate(block.Call.Target), arguments)));
                break;
            case With with:
                var inner = new Scope(_scope);
                foreach ((Target target, Expression value) in with.Assignments)
                {
                    Value evaluated = Evaluate(value);
                    InScope(inner, () => Assign(target, evaluated));
                }
                flow = InScope(inner, () => Run(with.Body));
                break;
            case Generation generation:
                flow = RunGeneration(generation);
                break;
            case LoopControl control:
                flow = control.IsBreak ? Flow.Break : Flow.Continue;
                break;
        }
        _depth--;
        return flow;
    }

    private Statement[] Branch(If choice)
    {
        foreach ((Expression test, Statement[] body) in choice.Branches)
        {
            if (Evaluate(test).IsTrue)
            {
                return body;
            }
        }
        return choice.Else;
    }

    private Flow RunLoop(For node, Value collection, int depth)
    {
        Value[] items = Items(collection);
        Charge(items.Length);
        Scope outer = _scope;
        if (node.Condition is not null)
        {
            items = Array.FindAll(items, item =>
            {
                _scope = new Scope(outer);
                Assign(node.Target, item);
                return Evaluate(node.Condition).IsTrue;
            });
        }
        var loop = new LoopValue(items, depth, node.IsRecursive ? (renderer, inner) => renderer.Recurse(node, outer, inner, depth + 1) : null);
        Flow flow = Flow.Next;
        for (int index = 0; index < items.Length && flow != Flow.Break; index++)
        {
            Charge(1);
            loop.Index = index;
            _scope = new Scope(outer);
            Assign(node.Target, items[index]);
            _scope.Set("loop", loop);
            int start = _output.Length;
            flow = Run(node.Body);
            if (items[index] is DictionaryValue { MessageIndex: >= 0 } message && ReferenceEquals(_output, _rendering) && _output.Length > start)
            {
                Turns.RemoveAll(turn => turn.Start >= start);
                Turns.Add(new OutputSpan(start, _output.Length, message.MessageIndex));
            }
        }
        flow = Flow.Next;
        if (items.Length == 0 && node.Else.Length > 0)
        {
            _scope = new Scope(outer);
            flow = Run(node.Else);
        }
        _scope = outer;
        return flow;
    }

    private TextValue Recurse(For node, Scope outer, Value items, int depth)
    {
        (TextBuilder output, Scope scope) = (_output, _scope);
        (_output, _scope) = (new TextBuilder(), outer);
        Enter();
        RunLoop(node, items, depth);
        _depth--;
        TextValue text = _output.ToText();
        (_output, _scope) = (output, scope);
        return text;
    }

    private Flow RunGeneration(Generation generation)
    {
        if (!ReferenceEquals(_output, _rendering))
        {
            throw new TemplateFault("{% generation %} stands inside a macro or an assignment, where its place in the text isn't known");
        }
        int start = _output.Length;
        Flow flow = InScope(new Scope(_scope), () => Run(generation.Body));
        Generations.Add(new OutputSpan(start, _output.Length, -1));
        return flow;
    }

    private T InScope<T>(Scope scope, Func<T> action)
    {
        Scope outer = _scope;
        _scope = scope;
        T result = action();
        _scope = outer;
        return result;
    }

    private void InScope(Scope scope, Action action) => InScope(scope, () =>
    {
        action();
        return true;
    });

    private TextValue Capture(Statement[] body, Scope scope, out Flow flow)
    {
        (TextBuilder output, Scope outer) = (_output, _scope);
        (_output, _scope) = (new TextBuilder(), scope);
        flow = Run(body);
        TextValue text = _output.ToText();
        (_output, _scope) = (output, outer);
        return text;
    }

    private Value Filtered(Expression filters, TextValue written)
    {
        Value outer = _captured;
        _captured = written;
        Value result = Evaluate(filters);
        _captured = outer;
        return result;
    }

    private FunctionValue Function(Macro macro, Scope closure) => new(macro.MacroName, (renderer, arguments) => renderer.CallMacro(macro, closure, arguments));

    private TextValue CallMacro(Macro macro, Scope closure, Arguments arguments)
    {
        Enter();
        var scope = new Scope(closure);
        (string Name, Value Value)[] named = [.. arguments.Named.Where(argument => argument.Name != "caller" || macro.Parameters.Any(parameter => parameter.Name == "caller"))];
        foreach ((string name, Value value) in arguments.Named.Except(named))
        {
            scope.Set(name, value);
        }
        Value?[] values = new Arguments(arguments.Positional, named).Bind(macro.MacroName, [.. macro.Parameters.Select(parameter => parameter.Name)]);
        for (int index = 0; index < values.Length; index++)
        {
            (string name, Expression? standard) = macro.Parameters[index];
            Value value = values[index]
                ?? (standard is null ? new UndefinedValue($"the parameter '{name}' was not provided") : InScope(scope, () => Evaluate(standard)));
            scope.Set(name, value);
        }
        int line = _line;
        TextValue text = Capture(macro.Body, scope, out _);
        _line = line;
        _depth--;
        return text;
    }

    private void Assign(Target target, Value value)
    {
        switch (target)
        {
            case NameTarget name:
                _scope.Set(name.Id, value);
                break;
            case AttributeTarget attribute:
                if (Lookup(attribute.Id) is not NamespaceValue space)
                {
                    throw new TemplateFault($"'{attribute.Id}' is no namespace, so that '{attribute.Attribute}' can't be set on it");
                }
                space.Attributes[attribute.Attribute] = value;
                break;
            case TupleTarget tuple:
                Value[] items = Items(value);
                if (items.Length != tuple.Items.Length)
                {
                    throw new TemplateFault($"{items.Length} values are given to {tuple.Items.Length} names");
                }
                for (int index = 0; index < items.Length; index++)
                {
                    Assign(tuple.Items[index], items[index]);
                }
                break;
        }
    }

    private void Write(TextValue text)
    {
        ChargeGrowth(_output, text.Text.Length);
        _output.Append(text);
    }

    private void Enter()
    {
        Charge(1);
        if (++_depth > _limits.MaximumDepth)
        {
            throw new TemplateFault($"the template nests or recurses deeper than {_limits.MaximumDepth} levels");
        }
        RuntimeHelpers.EnsureSufficientExecutionStack();
    }
}
