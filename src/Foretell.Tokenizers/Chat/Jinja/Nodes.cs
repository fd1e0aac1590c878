namespace Foretell.Tokenizers.Jinja;

/// <param name="Line">The template's line, from 1.</param>
internal abstract record Node(int Line);

internal abstract record Expression(int Line) : Node(Line);

internal sealed record Literal(Value Value, int Line) : Expression(Line);

internal sealed record Name(string Id, int Line) : Expression(Line);

internal sealed record SequenceLiteral(Expression[] Items, bool IsTuple, int Line) : Expression(Line);

internal sealed record DictionaryLiteral((Expression Key, Expression Value)[] Entries, int Line) : Expression(Line);

internal sealed record Not(Expression Operand, int Line) : Expression(Line);

/// <param name="Sign">'-' or '+'.</param>
internal sealed record Signed(char Sign, Expression Operand, int Line) : Expression(Line);

/// <param name="Operator">+ - * / // % or **.</param>
internal sealed record Arithmetic(string Operator, Expression Left, Expression Right, int Line) : Expression(Line);

internal sealed record Logic(bool IsAnd, Expression Left, Expression Right, int Line) : Expression(Line);

/// <summary>a ~ b ~ c: everything as text.</summary>
internal sealed record Concatenation(Expression[] Parts, int Line) : Expression(Line);

/// <summary>a &lt; b &lt; c: each neighbouring pair must hold.</summary>
internal sealed record Comparison(Expression First, (string Operator, Expression Operand)[] Rest, int Line) : Expression(Line);

internal sealed record Conditional(Expression Test, Expression Then, Expression? Else, int Line) : Expression(Line);

internal sealed record GetAttribute(Expression Target, string Attribute, int Line) : Expression(Line);

internal sealed record GetItem(Expression Target, Expression Index, int Line) : Expression(Line);

internal sealed record Slice(Expression? Start, Expression? Stop, Expression? Step, int Line) : Expression(Line);

internal sealed record Call(Expression Target, ArgumentList Arguments, int Line) : Expression(Line);

internal sealed record Filter(Expression Input, string FilterName, ArgumentList Arguments, int Line) : Expression(Line);

internal sealed record Test(Expression Input, string TestName, ArgumentList Arguments, int Line) : Expression(Line);

/// <summary>What a filter block or a block assignment has captured.</summary>
internal sealed record Captured(int Line) : Expression(Line);

/// <param name="Spread">*list, or null.</param>
/// <param name="NamedSpread">**dictionary, or null.</param>
internal sealed record ArgumentList(Expression[] Positional, (string Name, Expression Value)[] Named, Expression? Spread, Expression? NamedSpread)
{
    public static readonly ArgumentList None = new([], [], null, null);
}

internal abstract record Statement(int Line) : Node(Line);

internal sealed record Data(TextValue Text, int Line) : Statement(Line);

internal sealed record Print(Expression Value, int Line) : Statement(Line);

internal sealed record If((Expression Test, Statement[] Body)[] Branches, Statement[] Else, int Line) : Statement(Line);

internal sealed record For(Target Target, Expression Items, Expression? Condition, bool IsRecursive, Statement[] Body, Statement[] Else, int Line) : Statement(Line);

internal sealed record Set(Target Target, Expression Value, int Line) : Statement(Line);

/// <param name="Value">Made from what the body wrote, <see cref="Captured"/>.</param>
internal sealed record SetBlock(Target Target, Expression Value, Statement[] Body, int Line) : Statement(Line);

internal sealed record FilterBlock(Expression Value, Statement[] Body, int Line) : Statement(Line);

internal sealed record Macro(string MacroName, (string Name, Expression? Default)[] Parameters, Statement[] Body, int Line) : Statement(Line);

/// <summary>Calls a macro that may call this block back as caller().</summary>
internal sealed record CallBlock(Call Call, Macro Caller, int Line) : Statement(Line);

internal sealed record With((Target Target, Expression Value)[] Assignments, Statement[] Body, int Line) : Statement(Line);

/// <summary>transformers' {% generation %}: what the assistant says.</summary>
internal sealed record Generation(Statement[] Body, int Line) : Statement(Line);

internal sealed record LoopControl(bool IsBreak, int Line) : Statement(Line);

/// <summary>What an assignment writes to: a name, an attribute of a namespace, or several.</summary>
internal abstract record Target;

internal sealed record NameTarget(string Id) : Target;

internal sealed record AttributeTarget(string Id, string Attribute) : Target;

internal sealed record TupleTarget(Target[] Items) : Target;
