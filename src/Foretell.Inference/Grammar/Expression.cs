using System.Text;

namespace Foretell.Inference;

/// <summary>
/// What a text may be: regular expressions over bytes, with rules that may call each other (a context-free grammar) and
/// a bound on how deep they nest. Immutable, but for rules, whose bodies are set once.
/// </summary>
internal abstract class Expression
{
    public const int Unbounded = int.MaxValue;

    /// <summary>No text at all.</summary>
    public static readonly Expression Nothing = new NothingExpression();

    /// <summary>The empty text.</summary>
    public static readonly Expression Empty = new EmptyExpression();

    public static Expression Byte(ByteSet set) => new BytesExpression(set);

    public static Expression Literal(string text) => Literal(Encoding.UTF8.GetBytes(text));

    public static Expression Literal(byte[] text) => text.Length == 0 ? Empty : new AutomatonExpression(ByteAutomaton.OfTexts([text]));

    /// <summary>Exactly one of the texts.</summary>
    public static Expression Texts(IReadOnlyCollection<byte[]> texts) => texts.Count == 0 ? Nothing : new AutomatonExpression(ByteAutomaton.OfTexts(texts));

    public static Expression Automaton(ByteAutomaton automaton) => new AutomatonExpression(automaton);

    public static Expression Sequence(params ReadOnlySpan<Expression> parts)
    {
        Expression all = Empty;
        for (int index = parts.Length - 1; index >= 0; index--)
        {
            all = ReferenceEquals(all, Empty) ? parts[index]
                : ReferenceEquals(parts[index], Empty) ? all
                : new SequenceExpression(parts[index], all);
        }
        return all;
    }

    public static Expression Choice(params IReadOnlyList<Expression> alternatives) => alternatives.Count switch
    {
        0 => Nothing,
        1 => alternatives[0],
        _ => new ChoiceExpression(alternatives),
    };

    public static Expression Optional(Expression item) => Choice(item, Empty);

    /// <param name="maximum">At least <paramref name="minimum"/>; <see cref="Unbounded"/> for no end.</param>
    public static Expression Repeat(Expression item, int minimum, int maximum = Unbounded) => new RepeatExpression(item, minimum, maximum);

    /// <summary>What both regular expressions (without rules) accept.</summary>
    public static Expression Both(Expression first, Expression second) => new BothExpression(first, second);

    /// <summary>What the first regular expression (without rules) accepts and the second does not.</summary>
    public static Expression Except(Expression kept, Expression removed) => new ExceptExpression(kept, removed);

    /// <summary>
    /// A regular part whose tokens are found once and for all, whatever stands around it: a string, a number, a literal.
    /// Only a matter of speed: the texts are those of <paramref name="item"/>.
    /// </summary>
    public static Expression Terminal(Expression item) => new TerminalExpression(item);

    /// <summary>A part one level deeper; where no level is left it is <see cref="Nothing"/>.</summary>
    public static Expression Nested(Expression item) => new NestedExpression(item);

    public static Expression Call(GrammarRule rule) => new CallExpression(rule);
}

internal sealed class NothingExpression : Expression;

internal sealed class EmptyExpression : Expression;

internal sealed class BytesExpression(ByteSet set) : Expression
{
    public ByteSet Set => set;
}

internal sealed class AutomatonExpression(ByteAutomaton automaton) : Expression
{
    public new ByteAutomaton Automaton => automaton;
}

internal sealed class SequenceExpression(Expression first, Expression rest) : Expression
{
    public Expression First => first;

    public Expression Rest => rest;
}

internal sealed class ChoiceExpression(IReadOnlyList<Expression> alternatives) : Expression
{
    public IReadOnlyList<Expression> Alternatives => alternatives;
}

internal sealed class RepeatExpression(Expression item, int minimum, int maximum) : Expression
{
    public Expression Item => item;

    public int Minimum => minimum;

    public int Maximum => maximum;
}

internal sealed class BothExpression(Expression first, Expression second) : Expression
{
    public Expression First => first;

    public Expression Second => second;
}

internal sealed class ExceptExpression(Expression kept, Expression removed) : Expression
{
    public Expression Kept => kept;

    public Expression Removed => removed;
}

internal sealed class TerminalExpression(Expression item) : Expression
{
    public Expression Item => item;
}

internal sealed class NestedExpression(Expression item) : Expression
{
    public Expression Item => item;
}

internal sealed class CallExpression(GrammarRule rule) : Expression
{
    public GrammarRule Rule => rule;
}

/// <summary>An expression with a name, which may call itself.</summary>
internal sealed class GrammarRule(string name)
{
    /// <summary>Levels of nesting that no text of the rule does without, for rules without any text.</summary>
    public const int Impossible = int.MaxValue / 2;

    /// <summary>For messages: where the rule stands in its source.</summary>
    public string Name => name;

    public Expression Body { get; set; } = Expression.Nothing;

    /// <summary>The fewest levels of nesting that a text of the rule needs.</summary>
    public int MinimumDepth { get; set; } = Impossible;

    /// <summary>Whether the rule accepts the empty text.</summary>
    public bool IsNullable { get; set; }
}
