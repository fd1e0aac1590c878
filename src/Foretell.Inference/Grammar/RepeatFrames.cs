namespace Foretell.Inference;

/// <summary>
/// The tokens of a counted repeat before a closing byte, as a string of at most 400 characters and its quote. How many
/// items a token begins is found once, for the repeat without counts; a count then only strikes out the tokens that
/// begin too many, or close too early. So each of the 400 states costs a copy and not a walk of the whole vocabulary.
/// </summary>
internal sealed class RepeatFrames
{
    private readonly TokenFrame _uncounted;

    // The ids of tokens that begin n items are _idsByBegun[_startsByBegun[n].._startsByBegun[n + 1]].
    private readonly int[] _idsByBegun;
    private readonly int[] _startsByBegun;
    private readonly (int Id, int Begun)[] _closingTokens;
    private readonly int[] _begunAtExits;

    private RepeatFrames(TokenMask mask, List<(int Id, int Begun)> tokens, List<(int Id, int Begun)> closingTokens, List<(int Node, int Begun)> exits)
    {
        _closingTokens = [.. closingTokens];
        _uncounted = new TokenFrame(mask, [.. exits.Select(exit => exit.Node)]);
        _begunAtExits = [.. exits.Select(exit => exit.Begun)];
        int most = 0;
        foreach ((_, int begun) in tokens)
        {
            most = Math.Max(most, begun);
        }
        _startsByBegun = new int[most + 2];
        foreach ((_, int begun) in tokens)
        {
            _startsByBegun[begun + 1]++;
        }
        for (int begun = 0; begun <= most; begun++)
        {
            _startsByBegun[begun + 1] += _startsByBegun[begun];
        }
        int[] next = [.. _startsByBegun];
        _idsByBegun = new int[tokens.Count];
        foreach ((int id, int begun) in tokens)
        {
            _idsByBegun[next[begun]++] = id;
        }
    }

    /// <summary>About how many bytes these tables take.</summary>
    public long Bytes => _uncounted.Mask.Bytes + (4L * _idsByBegun.Length) + (8L * _closingTokens.Length) + (4L * _begunAtExits.Length);

    /// <summary>The counts of a state that is such a repeat, null for every other.</summary>
    public static (int Minimum, int Maximum)? Counts(StateGraph graph, State state)
    {
        if (state is not { Kind: StateKind.Terminal, First: { Kind: StateKind.Sequence, First: { Kind: StateKind.Repeat, First.IsNullable: false } repeat, Second: { Kind: StateKind.Automaton, IsNullable: false } close } })
        {
            return null;
        }
        for (int byteClass = 0; byteClass < graph.Classes.Count; byteClass++)
        {
            State closed = graph.Step(close, byteClass);
            if (closed != graph.Nothing && (closed != graph.Empty || graph.Step(repeat.First!, byteClass) != graph.Nothing))
            {
                return null;
            }
        }
        return (repeat.Number, repeat.Maximum);
    }

    /// <summary>Walks the vocabulary from a repeat without counts; null where it can't be told how many items a token begins.</summary>
    public static RepeatFrames? Find(StateGraph graph, TokenVocabulary vocabulary, State uncounted)
    {
        var tokens = new List<(int, int)>();
        var closingTokens = new List<(int, int)>();
        var exits = new List<(int, int)>();
        var words = new ulong[vocabulary.MaskWords];
        var path = new State[TokenVocabulary.MaximumTokenBytes + 1];
        var begunOnPath = new int[TokenVocabulary.MaximumTokenBytes + 1];
        path[0] = uncounted;
        ReadOnlySpan<byte> classOf = graph.Classes.ClassOf;
        for (int node = 0; node < vocabulary.Labels.Length;)
        {
            int depth = vocabulary.Depths[node];
            State before = path[depth];
            State next = graph.Step(before, classOf[vocabulary.Labels[node]]);
            if (next.Kind == StateKind.Nothing)
            {
                node = vocabulary.SubtreeEnds[node];
                continue;
            }
            bool isClosed = next.Kind == StateKind.Empty;
            if (!isClosed && next != uncounted && !IsWithinItem(next, uncounted))
            {
                return null;
            }
            int begun = begunOnPath[depth] + (before == uncounted && !isClosed ? 1 : 0);
            foreach (int id in vocabulary.Ids[vocabulary.IdStarts[node]..vocabulary.IdStarts[node + 1]])
            {
                words[id >> 6] |= 1ul << id;
                tokens.Add((id, begun));
                if (isClosed)
                {
                    closingTokens.Add((id, begun));
                }
            }
            if (isClosed)
            {
                exits.Add((node, begun));
                node = vocabulary.SubtreeEnds[node];
                continue;
            }
            path[depth + 1] = next;
            begunOnPath[depth + 1] = begun;
            node++;
        }
        return new RepeatFrames(new TokenMask(words), tokens, closingTokens, exits);
    }

    /// <summary>The frame of the repeat with counts.</summary>
    /// <param name="words">[vocabulary] scratch, overwritten.</param>
    public TokenFrame Frame(int minimum, int maximum, Span<ulong> words)
    {
        if (minimum == 0 && maximum >= _startsByBegun.Length - 2)
        {
            return _uncounted;
        }
        _uncounted.Mask.CopyTo(words);
        if (maximum < _startsByBegun.Length - 1)
        {
            foreach (int id in _idsByBegun.AsSpan(_startsByBegun[maximum + 1]))
            {
                words[id >> 6] &= ~(1ul << id);
            }
        }
        foreach ((int id, int begun) in _closingTokens)
        {
            if (begun < minimum)
            {
                words[id >> 6] &= ~(1ul << id);
            }
        }
        var exits = new List<int>();
        for (int index = 0; index < _begunAtExits.Length; index++)
        {
            if (_begunAtExits[index] >= minimum && _begunAtExits[index] <= maximum)
            {
                exits.Add(_uncounted.Exits[index]);
            }
        }
        return new TokenFrame(new TokenMask(words), [.. exits]);
    }

    /// <summary>Whether a state is the rest of an item and then the repeat: otherwise a text could be read in two ways.</summary>
    private static bool IsWithinItem(State state, State uncounted)
    {
        State? part = state.First;
        while (part is { Kind: StateKind.Sequence } && part != uncounted.First)
        {
            part = part.Second;
        }
        return state.Kind == StateKind.Terminal && part == uncounted.First;
    }
}
