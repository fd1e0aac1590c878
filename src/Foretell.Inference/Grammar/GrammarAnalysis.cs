namespace Foretell.Inference;

/// <summary>What must be known of a grammar before its first byte: the classes of its bytes, how deep each rule must nest, and that no rule begins with itself.</summary>
internal static class GrammarAnalysis
{
    /// <summary>Fills in the rules' facts and returns the classes of bytes.</summary>
    /// <exception cref="GrammarException">A rule begins with itself.</exception>
    public static ByteClasses Run(Expression root)
    {
        var rules = new List<GrammarRule>();
        var classes = new ByteClasses(Collect(root, rules));
        FindNullable(rules);
        RefuseLeftRecursion(rules);
        FindDepths(rules, new StateGraph(classes));
        return classes;
    }

    private static HashSet<ByteSet> Collect(Expression root, List<GrammarRule> rules)
    {
        var sets = new HashSet<ByteSet>();
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var open = new Stack<Expression>([root]);
        while (open.TryPop(out Expression? expression))
        {
            if (!seen.Add(expression))
            {
                continue;
            }
            switch (expression)
            {
                case BytesExpression bytes:
                    sets.Add(bytes.Set);
                    break;
                case AutomatonExpression automaton when seen.Add(automaton.Automaton):
                    automaton.Automaton.AddByteSets(sets);
                    break;
                case CallExpression call when seen.Add(call.Rule):
                    rules.Add(call.Rule);
                    open.Push(call.Rule.Body);
                    break;
                default:
                    foreach (Expression part in Parts(expression))
                    {
                        open.Push(part);
                    }
                    break;
            }
        }
        return sets;
    }

    private static IEnumerable<Expression> Parts(Expression expression) => expression switch
    {
        SequenceExpression sequence => [sequence.First, sequence.Rest],
        ChoiceExpression choice => choice.Alternatives,
        RepeatExpression repeat => [repeat.Item],
        BothExpression both => [both.First, both.Second],
        ExceptExpression except => [except.Kept, except.Removed],
        TerminalExpression terminal => [terminal.Item],
        NestedExpression nested => [nested.Item],
        _ => [],
    };

    private static void FindNullable(List<GrammarRule> rules)
    {
        bool isChanged = true;
        while (isChanged)
        {
            isChanged = false;
            foreach (GrammarRule rule in rules.Where(rule => !rule.IsNullable && IsNullable(rule.Body)))
            {
                rule.IsNullable = true;
                isChanged = true;
            }
        }
    }

    private static bool IsNullable(Expression expression)
    {
        StateGraph.RequireStack();
        return expression switch
        {
            EmptyExpression => true,
            AutomatonExpression automaton => automaton.Automaton.IsAccepting(0),
            SequenceExpression sequence => IsNullable(sequence.First) && IsNullable(sequence.Rest),
            ChoiceExpression choice => choice.Alternatives.Any(IsNullable),
            RepeatExpression repeat => repeat.Minimum == 0 || IsNullable(repeat.Item),
            BothExpression both => IsNullable(both.First) && IsNullable(both.Second),
            ExceptExpression except => IsNullable(except.Kept) && !IsNullable(except.Removed),
            TerminalExpression terminal => IsNullable(terminal.Item),
            NestedExpression nested => IsNullable(nested.Item),
            CallExpression call => call.Rule.IsNullable,
            _ => false,
        };
    }

    private static void RefuseLeftRecursion(List<GrammarRule> rules)
    {
        var finished = new HashSet<GrammarRule>();
        var path = new HashSet<GrammarRule>();
        foreach (GrammarRule start in rules)
        {
            var open = new Stack<(GrammarRule Rule, bool IsLeaving)>([(start, false)]);
            while (open.TryPop(out (GrammarRule Rule, bool IsLeaving) entry))
            {
                if (entry.IsLeaving)
                {
                    path.Remove(entry.Rule);
                    finished.Add(entry.Rule);
                    continue;
                }
                if (path.Contains(entry.Rule))
                {
                    throw new GrammarException($"{entry.Rule.Name} refers to itself before any text; let the reference stand inside an object or an array.");
                }
                if (!finished.Contains(entry.Rule))
                {
                    path.Add(entry.Rule);
                    open.Push((entry.Rule, true));
                    AddFirstCalls(entry.Rule.Body, open);
                }
            }
        }
    }

    private static void AddFirstCalls(Expression expression, Stack<(GrammarRule Rule, bool IsLeaving)> calls)
    {
        StateGraph.RequireStack();
        if (expression is CallExpression call)
        {
            calls.Push((call.Rule, false));
            return;
        }
        foreach (Expression part in Parts(expression))
        {
            AddFirstCalls(part, calls);
            if (expression is SequenceExpression && !IsNullable(part))
            {
                break;
            }
        }
    }

    private static void FindDepths(List<GrammarRule> rules, StateGraph graph)
    {
        bool isChanged = true;
        while (isChanged)
        {
            isChanged = false;
            for (int index = rules.Count - 1; index >= 0; index--)
            {
                int depth = Depth(rules[index].Body, graph);
                if (depth < rules[index].MinimumDepth)
                {
                    rules[index].MinimumDepth = depth;
                    isChanged = true;
                }
            }
        }
    }

    private static int Depth(Expression expression, StateGraph graph)
    {
        StateGraph.RequireStack();
        switch (expression)
        {
            case SequenceExpression sequence:
                return Math.Max(Depth(sequence.First, graph), Depth(sequence.Rest, graph));
            case ChoiceExpression choice:
                return choice.Alternatives.Min(alternative => Depth(alternative, graph));
            case RepeatExpression repeat:
                return repeat.Minimum == 0 ? 0 : Depth(repeat.Item, graph);
            case NestedExpression nested:
                return Math.Min(GrammarRule.Impossible, 1 + Depth(nested.Item, graph));
            case CallExpression call:
                return call.Rule.MinimumDepth;
            default:
                return graph.Instantiate(expression, 0) == graph.Nothing ? GrammarRule.Impossible : 0;
        }
    }
}
