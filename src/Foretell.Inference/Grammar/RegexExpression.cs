namespace Foretell.Inference;

/// <summary>A regular expression as an expression over bytes.</summary>
/// <param name="encode">How one character of a set is written: in UTF-8, or escaped as a JSON string needs it.</param>
internal sealed class RegexExpression(string pattern, Func<CharacterSet, Expression> encode)
{
    private const int MaximumSize = 200_000;
    private readonly Dictionary<CharacterSet, Expression> _encoded = [];
    private int _size;

    /// <summary>The texts in which the pattern is found (JSON Schema's meaning), or those that match it from end to end.</summary>
    /// <exception cref="GrammarException">The pattern is malformed, too large, or uses what is not supported.</exception>
    public Expression Build(bool isWhole) => Build([RegexParser.Parse(pattern)], isWhole, isWhole);

    /// <summary>Anchors are taken from the ends of the sequence; alternatives that hold one at an end are taken apart.</summary>
    private Expression Build(List<RegexNode> items, bool fromStart, bool toEnd)
    {
        while (items.Count > 0)
        {
            RegexNode first = items[0];
            RegexNode last = items[^1];
            if (first is RegexAnchor { IsEnd: false })
            {
                items.RemoveAt(0);
                fromStart = true;
            }
            else if (last is RegexAnchor { IsEnd: true })
            {
                items.RemoveAt(items.Count - 1);
                toEnd = true;
            }
            else if (first is RegexSequence beginning && HasAnchor(first))
            {
                items = [.. beginning.Items, .. items[1..]];
            }
            else if (last is RegexSequence ending && HasAnchor(last))
            {
                items = [.. items[..^1], .. ending.Items];
            }
            else if (first is RegexAlternation starts && (HasAnchor(first) || items.Count == 1))
            {
                List<RegexNode> rest = items[1..];
                return Expression.Choice([.. starts.Alternatives.Select(alternative => Build([alternative, .. rest], fromStart, toEnd))]);
            }
            else if (last is RegexAlternation ends && HasAnchor(last))
            {
                List<RegexNode> before = items[..^1];
                return Expression.Choice([.. ends.Alternatives.Select(alternative => Build([.. before, alternative], fromStart, toEnd))]);
            }
            else
            {
                break;
            }
        }
        var parts = new List<Expression>();
        if (!fromStart)
        {
            parts.Add(Expression.Repeat(Encode(CharacterSet.All), 0));
        }
        parts.AddRange(items.Select(Inner));
        if (!toEnd)
        {
            parts.Add(Expression.Repeat(Encode(CharacterSet.All), 0));
        }
        return Expression.Sequence([.. parts]);
    }

    private static bool HasAnchor(RegexNode node) => node switch
    {
        RegexAnchor => true,
        RegexSequence sequence => sequence.Items.Any(HasAnchor),
        RegexAlternation alternation => alternation.Alternatives.Any(HasAnchor),
        RegexRepeat repeat => HasAnchor(repeat.Item),
        _ => false,
    };

    private Expression Inner(RegexNode node)
    {
        StateGraph.RequireStack();
        if (++_size > MaximumSize)
        {
            throw new GrammarException($"The pattern '{pattern[..Math.Min(100, pattern.Length)]}' is too large once its anchors are resolved; write it with fewer alternatives.");
        }
        return node switch
        {
            RegexCharacters characters => Encode(characters.Set),
            RegexSequence sequence => Expression.Sequence([.. sequence.Items.Select(Inner)]),
            RegexAlternation alternation => Expression.Choice([.. alternation.Alternatives.Select(Inner)]),
            RegexRepeat repeat => Expression.Repeat(Inner(repeat.Item), repeat.Minimum, repeat.Maximum),
            RegexAnchor anchor => throw new GrammarException($"The pattern '{pattern}' has '{(anchor.IsEnd ? '$' : '^')}' at character {anchor.Position + 1}, inside the text; anchors are supported at the ends of the pattern and of its alternatives."),
            _ => throw new NotSupportedException($"{node.GetType().Name} has no expression."),
        };
    }

    private Expression Encode(CharacterSet set)
    {
        if (!_encoded.TryGetValue(set, out Expression? expression))
        {
            _encoded.Add(set, expression = encode(set));
        }
        return expression;
    }
}
