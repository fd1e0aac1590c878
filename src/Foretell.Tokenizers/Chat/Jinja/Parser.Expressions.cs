using System.Globalization;
using System.Numerics;

namespace Foretell.Tokenizers.Jinja;

internal sealed partial class Parser
{
    /// <summary>One expression, or several with commas between them, which make a tuple.</summary>
    private Expression TupleOrExpression(bool conditional = true, string? end = null, bool inParentheses = false)
    {
        int line = Current.Line;
        var items = new List<Expression>();
        bool isTuple = false;
        while (!IsTupleEnd(end))
        {
            items.Add(conditional ? ReadExpression() : ReadOr());
            if (!SkipOperator(","))
            {
                break;
            }
            isTuple = true;
        }
        return isTuple || (inParentheses && items.Count == 0) ? new SequenceLiteral([.. items], IsTuple: true, line)
            : items.Count > 0 ? items[0]
            : throw Unexpected("an expression");
    }

    private bool IsTupleEnd(string? end) =>
        Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd || IsOperator(")") || (end is not null && Current.Is(TokenKind.Name, end));

    private Expression ReadExpression()
    {
        Enter();
        int line = Current.Line;
        Expression value = ReadOr();
        while (SkipName("if"))
        {
            Expression test = ReadOr();
            value = new Conditional(test, value, SkipName("else") ? ReadExpression() : null, line);
        }
        _depth--;
        return value;
    }

    private Expression ReadOr()
    {
        Expression left = ReadAnd();
        while (Current.Is(TokenKind.Name, "or"))
        {
            int line = _tokens[_index++].Line;
            left = new Logic(IsAnd: false, left, ReadAnd(), line);
        }
        return left;
    }

    private Expression ReadAnd()
    {
        Expression left = ReadNot();
        while (Current.Is(TokenKind.Name, "and"))
        {
            int line = _tokens[_index++].Line;
            left = new Logic(IsAnd: true, left, ReadNot(), line);
        }
        return left;
    }

    private Expression ReadNot()
    {
        if (!Current.Is(TokenKind.Name, "not"))
        {
            return ReadComparison();
        }
        Enter();
        int line = _tokens[_index++].Line;
        var not = new Not(ReadNot(), line);
        _depth--;
        return not;
    }

    private Expression ReadComparison()
    {
        int line = Current.Line;
        Expression first = ReadSum();
        var rest = new List<(string, Expression)>();
        while (true)
        {
            if (Current.Kind == TokenKind.Operator && Current.Text is "==" or "!=" or "<" or "<=" or ">" or ">=")
            {
                string comparison = _tokens[_index++].Text;
                rest.Add((comparison, ReadSum()));
            }
            else if (SkipName("in"))
            {
                rest.Add(("in", ReadSum()));
            }
            else if (Current.Is(TokenKind.Name, "not") && After.Is(TokenKind.Name, "in"))
            {
                _index += 2;
                rest.Add(("not in", ReadSum()));
            }
            else
            {
                return rest.Count == 0 ? first : new Comparison(first, [.. rest], line);
            }
        }
    }

    private Expression ReadSum()
    {
        Expression left = ReadConcatenation();
        while (Current.Kind == TokenKind.Operator && Current.Text is "+" or "-")
        {
            Token sign = _tokens[_index++];
            left = new Arithmetic(sign.Text, left, ReadConcatenation(), sign.Line);
        }
        return left;
    }

    private Expression ReadConcatenation()
    {
        int line = Current.Line;
        Expression first = ReadProduct();
        if (!IsOperator("~"))
        {
            return first;
        }
        var parts = new List<Expression> { first };
        while (SkipOperator("~"))
        {
            parts.Add(ReadProduct());
        }
        return new Concatenation([.. parts], line);
    }

    private Expression ReadProduct()
    {
        Expression left = ReadPower();
        while (Current.Kind == TokenKind.Operator && Current.Text is "*" or "/" or "//" or "%")
        {
            Token sign = _tokens[_index++];
            left = new Arithmetic(sign.Text, left, ReadPower(), sign.Line);
        }
        return left;
    }

    private Expression ReadPower()
    {
        Expression left = ReadUnary();
        while (IsOperator("**"))
        {
            int line = _tokens[_index++].Line;
            left = new Arithmetic("**", left, ReadUnary(), line);
        }
        return left;
    }

    private Expression ReadUnary(bool withFilters = true)
    {
        Enter();
        Token token = Current;
        Expression value;
        if (token.Kind == TokenKind.Operator && token.Text is "-" or "+")
        {
            _index++;
            value = new Signed(token.Text[0], ReadUnary(withFilters: false), token.Line);
        }
        else
        {
            value = ReadPrimary();
        }
        value = ReadPostfix(value);
        value = withFilters ? ReadFilters(value) : value;
        _depth--;
        return value;
    }

    private Expression ReadPrimary()
    {
        Token token = Current;
        _index++;
        switch (token.Kind)
        {
            case TokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new Literal(BooleanValue.True, token.Line),
                    "false" or "False" => new Literal(BooleanValue.False, token.Line),
                    "none" or "None" => new Literal(NoneValue.Instance, token.Line),
                    _ => new Name(token.Text, token.Line),
                };
            case TokenKind.Text:
                string text = token.Text;
                if (Current.Kind == TokenKind.Text)
                {
                    var joined = new System.Text.StringBuilder(text);
                    while (Current.Kind == TokenKind.Text)
                    {
                        joined.Append(_tokens[_index++].Text);
                    }
                    text = joined.ToString();
                }
                return new Literal(new TextValue(text), token.Line);
            case TokenKind.Integer:
                return new Literal(new IntegerValue(Integer(token)), token.Line);
            case TokenKind.Float:
                return new Literal(new FloatValue(double.Parse(token.Text, NumberStyles.Float, CultureInfo.InvariantCulture)), token.Line);
            case TokenKind.Operator when token.Text == "(":
                Expression inner = TupleOrExpression(inParentheses: true);
                ExpectOperator(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                return new SequenceLiteral([.. ReadItems("]", ReadExpression)], IsTuple: false, token.Line);
            case TokenKind.Operator when token.Text == "{":
                return new DictionaryLiteral([.. ReadItems("}", ReadEntry)], token.Line);
            default:
                _index--;
                throw Unexpected("an expression");
        }
    }

    private BigInteger Integer(Token token)
    {
        string digits = token.Text;
        if (digits.Length > 1000)
        {
            throw Fault("an integer has more than 1000 digits");
        }
        int radix = digits.Length < 2 ? 10 : char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 10 };
        if (radix == 10)
        {
            return digits.Length > 1 && digits[0] == '0' && digits.AsSpan().ContainsAnyExcept('0')
                ? throw Fault($"the number {digits} begins with a zero")
                : BigInteger.Parse(digits, CultureInfo.InvariantCulture);
        }
        BigInteger value = 0;
        foreach (char digit in digits.AsSpan(2))
        {
            int one = char.IsAsciiHexDigit(digit) ? Convert.ToInt32(digit.ToString(), 16) : radix;
            value = one < radix ? (value * radix) + one : throw Fault($"'{digit}' is no digit of the number {digits}");
        }
        return digits.Length > 2 ? value : throw Fault($"the number {digits} has no digits");
    }

    private (Expression, Expression) ReadEntry()
    {
        Expression key = ReadExpression();
        ExpectOperator(":");
        return (key, ReadExpression());
    }

    private List<T> ReadItems<T>(string close, Func<T> read)
    {
        var items = new List<T>();
        while (!IsOperator(close))
        {
            items.Add(read());
            if (!IsOperator(close))
            {
                ExpectOperator(",");
            }
        }
        _index++;
        return items;
    }

    private Expression ReadPostfix(Expression value)
    {
        while (true)
        {
            int line = Current.Line;
            if (SkipOperator("."))
            {
                Token attribute = _tokens[_index++];
                value = attribute.Kind switch
                {
                    TokenKind.Name => new GetAttribute(value, attribute.Text, line),
                    TokenKind.Integer => new GetItem(value, new Literal(new IntegerValue(Integer(attribute)), line), line),
                    _ => throw Fault($"there is {attribute.Description} after a dot; expected a name or a number"),
                };
            }
            else if (SkipOperator("["))
            {
                List<Expression> indices = ReadItems("]", ReadIndex);
                value = new GetItem(value, indices.Count == 1 ? indices[0] : new SequenceLiteral([.. indices], IsTuple: true, line), line);
            }
            else if (IsOperator("("))
            {
                value = new Call(value, ReadArguments(), line);
            }
            else
            {
                return value;
            }
        }
    }

    private Expression ReadIndex()
    {
        int line = Current.Line;
        Expression? start = IsOperator(":") ? null : ReadExpression();
        if (start is not null && !IsOperator(":"))
        {
            return start;
        }
        _index++;
        Expression? stop = IsOperator(":") || IsOperator("]") || IsOperator(",") ? null : ReadExpression();
        Expression? step = SkipOperator(":") && !IsOperator("]") && !IsOperator(",") ? ReadExpression() : null;
        return new Slice(start, stop, step, line);
    }

    private Expression ReadFilters(Expression value)
    {
        while (true)
        {
            if (SkipOperator("|"))
            {
                value = ReadFilter(value);
            }
            else if (Current.Is(TokenKind.Name, "is"))
            {
                value = ReadTest(value);
            }
            else if (IsOperator("("))
            {
                int line = Current.Line;
                value = new Call(value, ReadArguments(), line);
            }
            else
            {
                return value;
            }
        }
    }

    private Filter ReadFilter(Expression input)
    {
        int line = Current.Line;
        string name = DottedName();
        return new Filter(input, name, IsOperator("(") ? ReadArguments() : ArgumentList.None, line);
    }

    private Expression ReadTest(Expression input)
    {
        int line = _tokens[_index++].Line;
        bool negated = SkipName("not");
        string name = DottedName();
        ArgumentList arguments = ArgumentList.None;
        if (IsOperator("("))
        {
            arguments = ReadArguments();
        }
        else if (StartsTestArgument())
        {
            if (Current.Is(TokenKind.Name, "is"))
            {
                throw Fault("tests can't be chained with 'is'; join them with 'and'");
            }
            arguments = new ArgumentList([ReadPostfix(ReadPrimary())], [], null, null);
        }
        var test = new Test(input, name, arguments, line);
        return negated ? new Not(test, line) : test;
    }

    private bool StartsTestArgument() => Current.Kind switch
    {
        TokenKind.Name => Current.Text is not ("else" or "or" or "and"),
        TokenKind.Text or TokenKind.Integer or TokenKind.Float => true,
        TokenKind.Operator => Current.Text is "[" or "{",
        _ => false,
    };

    private string DottedName()
    {
        string name = Expect(TokenKind.Name).Text;
        while (SkipOperator("."))
        {
            name += "." + Expect(TokenKind.Name).Text;
        }
        return name;
    }

    private ArgumentList ReadArguments()
    {
        ExpectOperator("(");
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        Expression? spread = null, namedSpread = null;
        while (!IsOperator(")"))
        {
            if (SkipOperator("*"))
            {
                spread = spread is null && namedSpread is null ? ReadExpression() : throw Fault("a call has two lists of arguments spread with '*'");
            }
            else if (SkipOperator("**"))
            {
                namedSpread = namedSpread is null ? ReadExpression() : throw Fault("a call has two dictionaries of arguments spread with '**'");
            }
            else if (Current.Kind == TokenKind.Name && After.Is(TokenKind.Operator, "="))
            {
                string name = Current.Text;
                _index += 2;
                named.Add((name, ReadExpression()));
            }
            else
            {
                positional.Add(named.Count == 0 && spread is null && namedSpread is null ? ReadExpression()
                    : throw Fault("a call has a plain argument after a named one"));
            }
            if (!IsOperator(")"))
            {
                ExpectOperator(",");
            }
        }
        _index++;
        return positional.Count + named.Count == 0 && spread is null && namedSpread is null
            ? ArgumentList.None
            : new ArgumentList([.. positional], [.. named], spread, namedSpread);
    }
}
