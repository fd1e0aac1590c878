namespace Foretell.Tokenizers.Jinja;

/// <summary>Tokens to statements; expressions are in the other file.</summary>
internal sealed partial class Parser
{
    private const int MaximumDepth = 200;
    private readonly List<Token> _tokens;
    private int _index;
    private int _depth;
    private int _loops;

    private Parser(List<Token> tokens) => _tokens = tokens;

    private Token Current => _tokens[Math.Min(_index, _tokens.Count - 1)];

    private Token After => _tokens[Math.Min(_index + 1, _tokens.Count - 1)];

    /// <exception cref="ChatTemplateException">The text is not a template; the message says where.</exception>
    public static Statement[] Parse(string source)
    {
        var parser = new Parser(Lexer.Read(source));
        try
        {
            Statement[] body = parser.Body([]);
            return parser.Current.Kind == TokenKind.End ? body : throw parser.Unexpected("a tag that begins a statement");
        }
        catch (TemplateFault fault)
        {
            throw new ChatTemplateException(fault.Message, parser.Current.Line, inner: fault);
        }
    }

    /// <summary>Statements up to a tag named in <paramref name="ends"/>, whose name is then the current token, or to the template's end.</summary>
    private Statement[] Body(string[] ends)
    {
        Enter();
        var body = new List<Statement>();
        while (true)
        {
            Token token = Current;
            switch (token.Kind)
            {
                case TokenKind.Data:
                    body.Add(new Data(new TextValue(token.Text), token.Line));
                    _index++;
                    break;
                case TokenKind.VariableBegin:
                    _index++;
                    body.Add(new Print(TupleOrExpression(), token.Line));
                    Expect(TokenKind.VariableEnd);
                    break;
                case TokenKind.BlockBegin:
                    _index++;
                    if (Current.Kind == TokenKind.Name && ends.Contains(Current.Text))
                    {
                        _depth--;
                        return [.. body];
                    }
                    body.Add(ReadStatement());
                    Expect(TokenKind.BlockEnd);
                    break;
                default:
                    _depth--;
                    return ends.Length == 0 ? [.. body] : throw Unexpected($"{{% {string.Join(" %} or {% ", ends)} %}}");
            }
        }
    }

    /// <summary>The rest of an opening tag, its body, and the closing tag's name.</summary>
    private Statement[] BodyUntil(params string[] ends)
    {
        if (IsOperator(":"))
        {
            _index++;
        }
        Expect(TokenKind.BlockEnd);
        return Body(ends);
    }

    private Statement ReadStatement()
    {
        Token token = Expect(TokenKind.Name);
        switch (token.Text)
        {
            case "if":
                return ReadIf(token.Line);
            case "for":
                return ReadFor(token.Line);
            case "set":
                return ReadSet(token.Line);
            case "macro":
                return ReadMacro(token.Line);
            case "call":
                return ReadCall(token.Line);
            case "filter":
                Expression filtered = ReadFilter(new Captured(token.Line));
                while (SkipOperator("|"))
                {
                    filtered = ReadFilter(filtered);
                }
                return new FilterBlock(filtered, Closed("endfilter"), token.Line);
            case "with":
                return ReadWith(token.Line);
            case "print":
                var printed = new List<Expression> { ReadExpression() };
                while (SkipOperator(","))
                {
                    printed.Add(ReadExpression());
                }
                return new Print(new Concatenation([.. printed], token.Line), token.Line);
            case "generation":
                return new Generation(Closed("endgeneration"), token.Line);
            case "break" or "continue" when _loops > 0:
                return new LoopControl(token.Text == "break", token.Line);
            case "break" or "continue":
                throw Fault($"{{% {token.Text} %}} stands outside a loop");
            case "include" or "import" or "from" or "extends" or "block":
                throw Fault($"{{% {token.Text} %}} needs other files, which chat templates don't have");
            default:
                throw Fault($"there is no statement '{token.Text}'");
        }
    }

    private Statement[] Closed(string end)
    {
        Statement[] body = BodyUntil(end);
        _index++;
        return body;
    }

    private If ReadIf(int line)
    {
        var branches = new List<(Expression, Statement[])>();
        while (true)
        {
            Expression test = TupleOrExpression(conditional: false);
            branches.Add((test, BodyUntil("elif", "else", "endif")));
            string next = _tokens[_index++].Text;
            if (next != "elif")
            {
                return new If([.. branches], next == "else" ? Closed("endif") : [], line);
            }
        }
    }

    private For ReadFor(int line)
    {
        Target target = ReadTarget();
        ExpectName("in");
        Expression items = TupleOrExpression(conditional: false, end: "recursive");
        Expression? condition = SkipName("if") ? ReadExpression() : null;
        bool recursive = SkipName("recursive");
        _loops++;
        Statement[] body = BodyUntil("endfor", "else");
        _loops--;
        Statement[] otherwise = _tokens[_index++].Text == "else" ? Closed("endfor") : [];
        return new For(target, items, condition, recursive, body, otherwise, line);
    }

    private Statement ReadSet(int line)
    {
        Target target = ReadTarget();
        if (IsOperator("="))
        {
            _index++;
            return new Set(target, TupleOrExpression(), line);
        }
        Expression value = new Captured(line);
        if (IsOperator("|"))
        {
            value = ReadFilters(value);
        }
        return new SetBlock(target, value, Closed("endset"), line);
    }

    private Macro ReadMacro(int line)
    {
        string name = Expect(TokenKind.Name).Text;
        (string, Expression?)[] parameters = ReadParameters();
        return new Macro(name, parameters, FunctionBody("endmacro"), line);
    }

    private CallBlock ReadCall(int line)
    {
        (string, Expression?)[] parameters = IsOperator("(") ? ReadParameters() : [];
        Expression call = ReadExpression();
        return call is Call known
            ? new CallBlock(known, new Macro("caller", parameters, FunctionBody("endcall"), line), line)
            : throw Fault("{% call %} needs a call of a macro");
    }

    private Statement[] FunctionBody(string end)
    {
        // A macro inside a loop is a function of its own: break can't leave it.
        int loops = _loops;
        _loops = 0;
        Statement[] body = Closed(end);
        _loops = loops;
        return body;
    }

    private (string Name, Expression? Default)[] ReadParameters()
    {
        ExpectOperator("(");
        var parameters = new List<(string, Expression?)>();
        while (!IsOperator(")"))
        {
            if (parameters.Count > 0)
            {
                ExpectOperator(",");
            }
            string name = Expect(TokenKind.Name).Text;
            Expression? value = null;
            if (IsOperator("="))
            {
                _index++;
                value = ReadExpression();
            }
            else if (parameters.Count > 0 && parameters[^1].Item2 is not null)
            {
                throw Fault($"the parameter '{name}' has no default but stands after one that has");
            }
            parameters.Add((name, value));
        }
        ExpectOperator(")");
        return [.. parameters];
    }

    private With ReadWith(int line)
    {
        var assignments = new List<(Target, Expression)>();
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (assignments.Count > 0)
            {
                ExpectOperator(",");
            }
            Target target = ReadTarget();
            ExpectOperator("=");
            assignments.Add((target, ReadExpression()));
        }
        return new With([.. assignments], Closed("endwith"), line);
    }

    private Target ReadTarget()
    {
        var items = new List<Target>();
        bool isTuple = false;
        do
        {
            if (isTuple && Current.Kind != TokenKind.Name && !IsOperator("("))
            {
                break;
            }
            items.Add(ReadOneTarget());
            isTuple |= IsOperator(",");
        }
        while (SkipOperator(","));
        return isTuple ? new TupleTarget([.. items]) : items[0];
    }

    private Target ReadOneTarget()
    {
        if (SkipOperator("("))
        {
            Enter();
            Target inner = ReadTarget();
            _depth--;
            ExpectOperator(")");
            return inner;
        }
        string name = Expect(TokenKind.Name).Text;
        if (name is "true" or "false" or "none" or "True" or "False" or "None" or "in" or "if")
        {
            throw Fault($"'{name}' can't be assigned to");
        }
        return SkipOperator(".") ? new AttributeTarget(name, Expect(TokenKind.Name).Text) : new NameTarget(name);
    }

    private void Enter()
    {
        if (++_depth > MaximumDepth)
        {
            throw Fault($"expressions and blocks nest deeper than {MaximumDepth} levels");
        }
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
    }

    private Token Expect(TokenKind kind)
    {
        if (Current.Kind != kind)
        {
            throw Unexpected(kind == TokenKind.Name ? "a name" : new Token(kind, "", 0).Description);
        }
        return _tokens[_index++];
    }

    private void ExpectName(string name)
    {
        if (!SkipName(name))
        {
            throw Unexpected($"'{name}'");
        }
    }

    private void ExpectOperator(string text)
    {
        if (!SkipOperator(text))
        {
            throw Unexpected($"'{text}'");
        }
    }

    private bool SkipName(string name)
    {
        bool found = Current.Is(TokenKind.Name, name);
        _index += found ? 1 : 0;
        return found;
    }

    private bool SkipOperator(string text)
    {
        bool found = IsOperator(text);
        _index += found ? 1 : 0;
        return found;
    }

    private bool IsOperator(string text) => Current.Is(TokenKind.Operator, text);

    private ChatTemplateException Unexpected(string expected) => Fault($"there is {Current.Description}; expected {expected}");

    private ChatTemplateException Fault(string message) => new(message, Current.Line);
}
