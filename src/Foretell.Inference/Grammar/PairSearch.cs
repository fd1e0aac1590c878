namespace Foretell.Inference;

/// <summary>Whether two states have a text in common, or one has a text that the other has not: a search over pairs of states whose findings are kept.</summary>
internal sealed class PairSearch(StateGraph graph)
{
    private const int MaximumPairs = 50_000;
    private readonly Dictionary<(State, State, bool), bool> _known = [];

    /// <summary>Whether a text is in <paramref name="first"/> and (unless <paramref name="isExcept"/>) also in <paramref name="second"/>, or (if so) not in it.</summary>
    /// <exception cref="GrammarException">The search is too large.</exception>
    public bool HasText(State first, State second, bool isExcept)
    {
        if (IsDecided(first, second, isExcept) is bool decided)
        {
            return decided;
        }
        var order = new List<(State First, State Second, int Parent)> { (first, second, -1) };
        var seen = new HashSet<(State, State)> { (first, second) };
        for (int at = 0; at < order.Count; at++)
        {
            (State a, State b, _) = order[at];
            for (int byteClass = 0; byteClass < graph.Classes.Count; byteClass++)
            {
                State nextA = graph.Step(a, byteClass);
                if (nextA == graph.Nothing)
                {
                    continue;
                }
                State nextB = graph.Step(b, byteClass);
                bool? found = IsDecided(nextA, nextB, isExcept);
                if (found == true)
                {
                    for (int step = at; step >= 0; step = order[step].Parent)
                    {
                        _known[(order[step].First, order[step].Second, isExcept)] = true;
                    }
                    return true;
                }
                if (found is null && seen.Add((nextA, nextB)))
                {
                    if (order.Count == MaximumPairs)
                    {
                        throw new GrammarException("The grammar's conditions on one text are too involved to combine: simplify the pattern, or give it without length, format or excluded names.");
                    }
                    order.Add((nextA, nextB, at));
                }
            }
        }
        foreach ((State a, State b, _) in order)
        {
            _known[(a, b, isExcept)] = false;
        }
        return false;
    }

    private bool? IsDecided(State a, State b, bool isExcept)
    {
        if (a == graph.Nothing)
        {
            return false;
        }
        if (b == graph.Nothing || a == b)
        {
            return (b == graph.Nothing) == isExcept;
        }
        if (a.IsNullable && b.IsNullable != isExcept)
        {
            return true;
        }
        return _known.TryGetValue((a, b, isExcept), out bool known) ? known : null;
    }
}
