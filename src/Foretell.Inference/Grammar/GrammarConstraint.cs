namespace Foretell.Inference;

/// <summary>One request's place in a grammar.</summary>
internal sealed class GrammarConstraint : ITokenConstraint
{
    private readonly GrammarAutomaton _automaton;
    private GrammarAutomaton.Generation _generation;
    private State _state;
    private bool _isEnded;

    public GrammarConstraint(GrammarAutomaton automaton)
    {
        _automaton = automaton;
        lock (automaton.Gate)
        {
            (_generation, _state) = automaton.Start();
        }
    }

    private GrammarConstraint(GrammarConstraint other) =>
        (_automaton, _generation, _state, _isEnded) = (other._automaton, other._generation, other._state, other._isEnded);

    public bool IsComplete => _state.IsNullable;

    public bool MustEnd => _isEnded || _state.Kind == StateKind.Empty;

    public void Mask(Span<ulong> allowed)
    {
        TokenVocabulary vocabulary = _automaton.Vocabulary;
        if (_isEnded)
        {
            allowed.Clear();
            foreach (int id in vocabulary.EndIds)
            {
                if (id >> 6 < allowed.Length)
                {
                    allowed[id >> 6] |= 1ul << id;
                }
            }
            return;
        }
        TokenMask mask;
        lock (_automaton.Gate)
        {
            _automaton.Refresh(ref _generation, ref _state);
            mask = _generation.Masks.Mask(_state);
        }
        if (mask.Count == 0)
        {
            throw new InvalidOperationException("No token of the vocabulary continues the text that the constraint demands; constrained output needs a vocabulary with tokens for single bytes.");
        }
        mask.CopyTo(allowed);
    }

    public void Accept(int id)
    {
        TokenVocabulary vocabulary = _automaton.Vocabulary;
        if (vocabulary.IsEnd(id))
        {
            if (!IsComplete)
            {
                throw new InvalidOperationException($"The token {id} ends the text, which isn't complete under its constraint; take only tokens that the mask allows.");
            }
            _isEnded = true;
            return;
        }
        if (_isEnded || vocabulary.Bytes(id) is not { Length: > 0 and <= TokenVocabulary.MaximumTokenBytes } bytes)
        {
            throw new InvalidOperationException($"The token {id} can't stand {(_isEnded ? "behind the end of the text" : "in constrained text")}; take only tokens that the mask allows.");
        }
        lock (_automaton.Gate)
        {
            _automaton.Refresh(ref _generation, ref _state);
            StateGraph graph = _generation.Graph;
            State state = _state;
            foreach (byte value in bytes)
            {
                state = graph.Step(state, graph.Classes.ClassOf[value]);
            }
            _state = state == graph.Nothing
                ? throw new InvalidOperationException($"The token {id} doesn't continue the text under its constraint; take only tokens that the mask allows.")
                : state;
        }
    }

    public byte[] ForcedText()
    {
        if (_isEnded)
        {
            return [];
        }
        var forced = new List<byte>();
        lock (_automaton.Gate)
        {
            _automaton.Refresh(ref _generation, ref _state);
            StateGraph graph = _generation.Graph;
            State state = _state;
            while (!state.IsNullable && OnlyByte(graph, state) is byte value)
            {
                forced.Add(value);
                state = graph.Step(state, graph.Classes.ClassOf[value]);
            }
        }
        return [.. forced];
    }

    public ITokenConstraint Fork() => new GrammarConstraint(this);

    private static byte? OnlyByte(StateGraph graph, State state)
    {
        int only = -1;
        for (int byteClass = 0; byteClass < graph.Classes.Count; byteClass++)
        {
            if (graph.Step(state, byteClass) != graph.Nothing)
            {
                if (only >= 0)
                {
                    return null;
                }
                only = byteClass;
            }
        }
        return only >= 0 && graph.Classes.IsSingle(only) ? graph.Classes.Representatives[only] : null;
    }
}
