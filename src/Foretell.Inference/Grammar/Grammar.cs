using System.Runtime.CompilerServices;

namespace Foretell.Inference;

/// <summary>
/// What a text may be, compiled once and used by any number of requests at once: see <see cref="JsonSchemaGrammar"/>,
/// <see cref="RegexGrammar"/>, <see cref="ChoiceGrammar"/> and <see cref="ToolCallGrammar"/>. All work is on UTF-8 bytes,
/// so only valid UTF-8 comes out, however tokens split characters. Immutable and safe to use from many threads.
/// </summary>
public sealed class Grammar
{
    /// <summary>JSON nests at most this deep unless told otherwise: what readers (System.Text.Json's among them) accept by default.</summary>
    public const int DefaultMaximumDepth = 64;

    private const long DefaultMemoryLimit = 24L << 20;
    private readonly Expression _root;
    private readonly int _depth;
    private readonly ByteClasses _classes;
    private readonly long _memoryLimit;
    private readonly ConditionalWeakTable<TokenVocabulary, GrammarAutomaton> _automata = [];

    /// <param name="nothing">The sentence of the error when no text is accepted.</param>
    /// <exception cref="GrammarException">No text is accepted, or a rule begins with itself.</exception>
    internal Grammar(Expression root, string nothing, int maximumDepth = DefaultMaximumDepth, long memoryLimit = DefaultMemoryLimit)
    {
        _root = root;
        _depth = maximumDepth;
        _memoryLimit = memoryLimit;
        _classes = GrammarAnalysis.Run(root);
        var graph = new StateGraph(_classes);
        if (graph.Instantiate(root, maximumDepth) == graph.Nothing)
        {
            throw new GrammarException(nothing);
        }
    }

    /// <summary>The same behind a stretch of reasoning: any text up to <paramref name="closing"/>, and at most two line ends or spaces.</summary>
    /// <param name="opening">What reasoning begins with; the answer may then also come without any. Null where the prompt has begun it already.</param>
    /// <param name="closing">What reasoning ends with, at least one character.</param>
    public Grammar AfterReasoning(string? opening, string closing)
    {
        ArgumentException.ThrowIfNullOrEmpty(closing);
        Expression blank = Expression.Repeat(Expression.Byte(ByteSet.Of("\n "u8)), 0, 2);
        Expression reasoning = Expression.Sequence(FreeText.Until(closing), Expression.Terminal(blank));
        Expression before = opening is null ? reasoning
            : Expression.Optional(Expression.Sequence(Expression.Terminal(Expression.Literal(opening)), reasoning));
        return new Grammar(Expression.Sequence(before, _root), "No text can follow the reasoning.", _depth, _memoryLimit);
    }

    /// <summary>What this grammar accepts or the other does.</summary>
    public Grammar Or(Grammar other) => new(Expression.Choice(_root, other._root), "No text is accepted.", Math.Max(_depth, other._depth), Math.Max(_memoryLimit, other._memoryLimit));

    /// <summary>A constraint for one request. The first request of a vocabulary finds the masks that later ones reuse.</summary>
    public ITokenConstraint Start(TokenVocabulary vocabulary) => new GrammarConstraint(Automaton(vocabulary));

    /// <summary>Whether the text is whole under the grammar.</summary>
    public bool Accepts(ReadOnlySpan<byte> utf8)
    {
        var graph = new StateGraph(_classes);
        State state = graph.Instantiate(_root, _depth);
        foreach (byte value in utf8)
        {
            state = graph.Step(state, _classes.ClassOf[value]);
        }
        return state.IsNullable;
    }

    internal GrammarAutomaton Automaton(TokenVocabulary vocabulary) =>
        _automata.GetValue(vocabulary, key => new GrammarAutomaton(_root, _depth, _classes, key, _memoryLimit));
}
