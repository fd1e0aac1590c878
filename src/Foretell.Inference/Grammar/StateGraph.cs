using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Foretell.Inference;

/// <summary>
/// The states of a grammar, found as they are needed. The state after a byte is the derivative of the expression
/// (<see href="https://doi.org/10.1145/321239.321249">Brzozowski 1964</see>), kept beside the state, so that a path once
/// walked costs one look-up a byte. Every state but <see cref="Nothing"/> can be completed: there are no dead ends.
/// Not safe for use by several threads at once.
/// </summary>
internal sealed class StateGraph
{
    private const int MaximumAlternatives = 20_000;
    private const int BytesOfState = 160;

    /// <summary>One step of a hostile pattern must not take all memory; what is kept between steps is bounded lower.</summary>
    private const long MaximumBytes = 192L << 20;
    private readonly HashSet<State> _states = new(new StateComparer());
    private readonly Dictionary<Expression, State> _terminals = new(ReferenceEqualityComparer.Instance);
    private readonly PairSearch _pairs;
    private readonly List<State> _gathered = [];

    public StateGraph(ByteClasses classes)
    {
        Classes = classes;
        Nothing = new State(StateKind.Nothing, 0);
        Empty = new State(StateKind.Empty, 1) { IsNullable = true };
        _pairs = new PairSearch(this);
    }

    public ByteClasses Classes { get; }

    /// <summary>No text at all.</summary>
    public State Nothing { get; }

    /// <summary>The empty text.</summary>
    public State Empty { get; }

    /// <summary>About how many bytes the states take.</summary>
    public long Bytes { get; private set; }

    /// <summary>The state after a byte of the class.</summary>
    public State Step(State state, int byteClass) => state.Next is State?[] next && next[byteClass] is State known ? known : Derive(state, byteClass);

    /// <summary>A repeat before a closing part, with any number of items: <see cref="RepeatFrames"/>.</summary>
    public State WithoutCounts(State terminal) =>
        Terminal(Sequence(Repeat(terminal.First!.First!.First!, 0, Expression.Unbounded), terminal.First.Second!));

    private State Derive(State state, int byteClass)
    {
        RequireStack();
        byte value = Classes.Representatives[byteClass];
        State result;
        switch (state.Kind)
        {
            case StateKind.Nothing or StateKind.Empty:
                return Nothing;
            case StateKind.Bytes:
                return state.Set.Contains(value) ? Empty : Nothing;
            case StateKind.Automaton:
                var automaton = (ByteAutomaton)state.Source!;
                int target = automaton.Next(state.Number, value);
                return target < 0 ? Nothing : Automaton(automaton, target);
            case StateKind.Sequence:
                State inFirst = Sequence(Step(state.First!, byteClass), state.Second!);
                result = state.First!.IsNullable ? Choice([inFirst, Step(state.Second!, byteClass)]) : inFirst;
                break;
            case StateKind.Choice:
                var alternatives = new State[state.Alternatives.Length];
                for (int index = 0; index < alternatives.Length; index++)
                {
                    alternatives[index] = Step(state.Alternatives[index], byteClass);
                }
                result = Choice(alternatives);
                break;
            case StateKind.Repeat:
                State rest = Repeat(state.First!, Math.Max(0, state.Number - 1), state.Maximum == Expression.Unbounded ? state.Maximum : state.Maximum - 1);
                result = Sequence(Step(state.First!, byteClass), rest);
                break;
            case StateKind.Both:
                result = Both(Step(state.First!, byteClass), Step(state.Second!, byteClass));
                break;
            case StateKind.Except:
                result = Except(Step(state.First!, byteClass), Step(state.Second!, byteClass));
                break;
            case StateKind.Terminal:
                result = Terminal(Step(state.First!, byteClass));
                break;
            default:
                result = Step(Expand(state), byteClass);
                break;
        }
        if (state.Next is null)
        {
            state.Next = new State?[Classes.Count];
            Bytes += 8L * Classes.Count + 24;
        }
        return state.Next[byteClass] = result;
    }

    /// <summary>What a call stands for.</summary>
    public State Expand(State call) => call.Expanded ??= Instantiate(((GrammarRule)call.Source!).Body, call.Number);

    /// <summary>The state of an expression with <paramref name="depth"/> levels of nesting left.</summary>
    public State Instantiate(Expression expression, int depth)
    {
        RequireStack();
        switch (expression)
        {
            case NothingExpression:
                return Nothing;
            case EmptyExpression:
                return Empty;
            case BytesExpression bytes:
                return bytes.Set.IsEmpty ? Nothing : Intern(new State(StateKind.Bytes, NextId) { Set = bytes.Set });
            case AutomatonExpression automaton:
                return Automaton(automaton.Automaton, 0);
            case SequenceExpression sequence:
                State first = Instantiate(sequence.First, depth);
                return first == Nothing ? Nothing : Sequence(first, Instantiate(sequence.Rest, depth));
            case ChoiceExpression choice:
                var alternatives = new State[choice.Alternatives.Count];
                for (int index = 0; index < alternatives.Length; index++)
                {
                    alternatives[index] = Instantiate(choice.Alternatives[index], depth);
                }
                return Choice(alternatives);
            case RepeatExpression repeat:
                return Repeat(Instantiate(repeat.Item, depth), repeat.Minimum, repeat.Maximum);
            case BothExpression both:
                return Both(Instantiate(both.First, depth), Instantiate(both.Second, depth));
            case ExceptExpression except:
                return Except(Instantiate(except.Kept, depth), Instantiate(except.Removed, depth));
            case TerminalExpression terminal:
                if (!_terminals.TryGetValue(terminal, out State? known))
                {
                    _terminals.Add(terminal, known = Terminal(Instantiate(terminal.Item, depth)));
                }
                return known;
            case NestedExpression nested:
                return depth <= 0 ? Nothing : Instantiate(nested.Item, depth - 1);
            case CallExpression call:
                return Call(call.Rule, depth);
            default:
                throw new NotSupportedException($"{expression.GetType().Name} has no state.");
        }
    }

    /// <summary>The same state among the states of this graph.</summary>
    public State Import(State state) => state.Kind switch
    {
        StateKind.Nothing => Nothing,
        StateKind.Empty => Empty,
        StateKind.Bytes => Intern(new State(StateKind.Bytes, NextId) { Set = state.Set }),
        StateKind.Automaton => Automaton((ByteAutomaton)state.Source!, state.Number),
        StateKind.Sequence => Sequence(Import(state.First!), Import(state.Second!)),
        StateKind.Choice => Choice([.. state.Alternatives.Select(Import)]),
        StateKind.Repeat => Repeat(Import(state.First!), state.Number, state.Maximum),
        StateKind.Both => Both(Import(state.First!), Import(state.Second!)),
        StateKind.Except => Except(Import(state.First!), Import(state.Second!)),
        StateKind.Terminal => Terminal(Import(state.First!)),
        _ => Call((GrammarRule)state.Source!, state.Number),
    };

    /// <exception cref="GrammarException">The stack is nearly used up.</exception>
    public static void RequireStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new GrammarException("The grammar is too deeply nested, or has too many optional parts in a row, to be followed; write it with fewer.");
        }
    }

    private int NextId => _states.Count + 2;

    private State Intern(State candidate)
    {
        if (_states.TryGetValue(candidate, out State? known))
        {
            return known;
        }
        if (Bytes > MaximumBytes)
        {
            throw new GrammarException($"The grammar needs more than {MaximumBytes >> 20} MiB of states for one step; simplify the pattern (long counted repeats behind .*).");
        }
        _states.Add(candidate);
        Bytes += BytesOfState + (8L * candidate.Alternatives.Length);
        return candidate;
    }

    private State Automaton(ByteAutomaton automaton, int state) => automaton.IsFinal(state)
        ? automaton.IsAccepting(state) ? Empty : Nothing
        : Intern(new State(StateKind.Automaton, NextId) { Source = automaton, Number = state, IsNullable = automaton.IsAccepting(state) });

    private State Call(GrammarRule rule, int depth) => depth < rule.MinimumDepth
        ? Nothing
        : Intern(new State(StateKind.Call, NextId) { Source = rule, Number = depth, IsNullable = rule.IsNullable });

    private State Terminal(State item) => item.Kind is StateKind.Nothing or StateKind.Empty or StateKind.Terminal
        ? item
        : Intern(new State(StateKind.Terminal, NextId) { First = item, IsNullable = item.IsNullable });

    private State Sequence(State first, State rest)
    {
        RequireStack();
        if (first == Nothing || rest == Nothing)
        {
            return Nothing;
        }
        if (first == Empty)
        {
            return rest;
        }
        if (rest == Empty)
        {
            return first;
        }
        // The innermost part stands first, so that the chain is a stack.
        return first.Kind == StateKind.Sequence
            ? Sequence(first.First!, Sequence(first.Second!, rest))
            : Intern(new State(StateKind.Sequence, NextId) { First = first, Second = rest, IsNullable = first.IsNullable && rest.IsNullable });
    }

    private State Repeat(State item, int minimum, int maximum)
    {
        if (maximum == 0 || item == Empty)
        {
            return Empty;
        }
        if (item == Nothing)
        {
            return minimum == 0 ? Empty : Nothing;
        }
        if (item.IsNullable)
        {
            minimum = 0;
        }
        return minimum == 1 && maximum == 1
            ? item
            : Intern(new State(StateKind.Repeat, NextId) { First = item, Number = minimum, Maximum = maximum, IsNullable = minimum == 0 });
    }

    private State Choice(ReadOnlySpan<State> alternatives)
    {
        if (alternatives.Length == 2 && (alternatives[0] == Nothing || alternatives[1] == Nothing || alternatives[0] == alternatives[1]))
        {
            return alternatives[0] == Nothing ? alternatives[1] : alternatives[0];
        }
        _gathered.Clear();
        bool isNullable = false;
        bool hasEmpty = false;
        foreach (State alternative in alternatives)
        {
            if (alternative.Kind == StateKind.Choice)
            {
                _gathered.AddRange(alternative.Alternatives);
                isNullable |= alternative.IsNullable;
                hasEmpty |= alternative.Alternatives[0] == Empty;
            }
            else if (alternative == Empty)
            {
                hasEmpty = true;
            }
            else if (alternative != Nothing)
            {
                _gathered.Add(alternative);
                isNullable |= alternative.IsNullable;
            }
        }
        if (hasEmpty)
        {
            _gathered.RemoveAll(state => state == Empty);
            isNullable = _gathered.Exists(state => state.IsNullable);
            if (!isNullable)
            {
                _gathered.Add(Empty);
                isNullable = true;
            }
        }
        _gathered.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        int count = 0;
        for (int index = 0; index < _gathered.Count; index++)
        {
            if (count == 0 || _gathered[count - 1] != _gathered[index])
            {
                _gathered[count++] = _gathered[index];
            }
        }
        if (count > MaximumAlternatives)
        {
            throw new GrammarException($"The grammar became too ambiguous: more than {MaximumAlternatives} ways to read one text. Simplify the pattern (counted repeats inside repeats) or the schema (alternatives that begin alike).");
        }
        return count switch
        {
            0 => Nothing,
            1 => _gathered[0],
            _ => Intern(new State(StateKind.Choice, NextId) { Alternatives = CollectionsMarshal.AsSpan(_gathered)[..count].ToArray(), IsNullable = isNullable }),
        };
    }

    private State Both(State a, State b)
    {
        if (a == Nothing || b == Nothing || a == b)
        {
            return a == Nothing ? a : b;
        }
        if (a == Empty || b == Empty)
        {
            return a.IsNullable && b.IsNullable ? Empty : Nothing;
        }
        (a, b) = a.Id < b.Id ? (a, b) : (b, a);
        return _pairs.HasText(a, b, isExcept: false)
            ? Intern(new State(StateKind.Both, NextId) { First = a, Second = b, IsNullable = a.IsNullable && b.IsNullable })
            : Nothing;
    }

    private State Except(State kept, State removed)
    {
        if (kept == Nothing || removed == Nothing)
        {
            return kept;
        }
        if (kept == removed)
        {
            return Nothing;
        }
        if (kept == Empty)
        {
            return removed.IsNullable ? Nothing : Empty;
        }
        return _pairs.HasText(kept, removed, isExcept: true)
            ? Intern(new State(StateKind.Except, NextId) { First = kept, Second = removed, IsNullable = kept.IsNullable && !removed.IsNullable })
            : Nothing;
    }
}
