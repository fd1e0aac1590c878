using System.Runtime.InteropServices;

namespace Foretell.Inference;

/// <summary>
/// Finds the tokens that may come in a state by walking the tree of the vocabulary. Most tokens are decided by the
/// innermost part of the grammar alone (inside a string, nearly all), whatever stands around it: those are found once a
/// part and kept, as <see href="https://arxiv.org/abs/2411.15100">XGrammar</see> does for its rules; only the tokens that
/// leave the part are walked on with what follows it.
/// </summary>
internal sealed class MaskBuilder(StateGraph graph, TokenVocabulary vocabulary)
{
    private readonly State[] _path = new State[TokenVocabulary.MaximumTokenBytes + 1];
    private readonly Stack<ulong[]> _spareWords = new();
    private readonly Dictionary<State, RepeatFrames?> _repeats = [];

    /// <summary>About how many bytes the masks that were kept take.</summary>
    public long Bytes { get; private set; }

    /// <summary>All tokens that may come in a state, the end of the text included.</summary>
    public TokenMask Mask(State state)
    {
        if (state.Mask is TokenMask known)
        {
            return known;
        }
        ulong[] words = Rent();
        Collect(state, words, exits: null);
        if (state.IsNullable)
        {
            foreach (int id in vocabulary.EndIds)
            {
                words[id >> 6] |= 1ul << id;
            }
        }
        state.Mask = new TokenMask(words);
        Bytes += state.Mask.Bytes;
        _spareWords.Push(words);
        return state.Mask;
    }

    private ulong[] Rent()
    {
        if (!_spareWords.TryPop(out ulong[]? words))
        {
            return new ulong[vocabulary.MaskWords];
        }
        words.AsSpan().Clear();
        return words;
    }

    private TokenFrame Frame(State state)
    {
        if (state.Frame is TokenFrame known)
        {
            return known;
        }
        if (RepeatFrame(state) is TokenFrame counted)
        {
            return state.Frame = counted;
        }
        ulong[] words = Rent();
        var exits = new List<int>();
        if (state.Kind is StateKind.Choice or StateKind.Call or StateKind.Sequence)
        {
            Collect(state, words, exits);
        }
        else
        {
            Walk(0, vocabulary.Labels.Length, state, words, exits);
        }
        exits.Sort();
        Span<int> all = CollectionsMarshal.AsSpan(exits);
        int count = 0;
        foreach (int exit in all)
        {
            if (count == 0 || all[count - 1] != exit)
            {
                all[count++] = exit;
            }
        }
        state.Frame = new TokenFrame(new TokenMask(words), all[..count].ToArray());
        Bytes += state.Frame.Mask.Bytes + (4L * count) + 64;
        _spareWords.Push(words);
        return state.Frame;
    }

    private TokenFrame? RepeatFrame(State state)
    {
        if (RepeatFrames.Counts(graph, state) is not (int minimum, int maximum))
        {
            return null;
        }
        State uncounted = graph.WithoutCounts(state);
        if (!_repeats.TryGetValue(uncounted, out RepeatFrames? frames))
        {
            _repeats.Add(uncounted, frames = vocabulary.SharedFrames(StateText.Of(uncounted), () => RepeatFrames.Find(graph, vocabulary, uncounted)));
        }
        if (frames is null)
        {
            return null;
        }
        ulong[] words = Rent();
        TokenFrame frame = frames.Frame(minimum, maximum, words);
        Bytes += frame.Mask.Bytes;
        _spareWords.Push(words);
        return frame;
    }

    private void Collect(State state, ulong[] words, List<int>? exits)
    {
        switch (state.Kind)
        {
            case StateKind.Nothing or StateKind.Empty:
                return;
            case StateKind.Choice:
                foreach (State alternative in state.Alternatives)
                {
                    Collect(alternative, words, exits);
                }
                return;
            case StateKind.Call:
                Collect(graph.Expand(state), words, exits);
                return;
            case StateKind.Sequence:
                TokenFrame first = Frame(state.First!);
                State rest = state.Second!;
                first.Mask.AddTo(words);
                foreach (int exit in first.Exits)
                {
                    Walk(exit + 1, vocabulary.SubtreeEnds[exit], rest, words, exits);
                }
                if (rest.IsNullable)
                {
                    exits?.AddRange(first.Exits);
                }
                if (state.First!.IsNullable)
                {
                    Collect(rest, words, exits);
                }
                return;
            default:
                TokenFrame own = Frame(state);
                own.Mask.AddTo(words);
                exits?.AddRange(own.Exits);
                return;
        }
    }

    /// <summary>Walks a run of whole subtrees from a state, adding the tokens on the way and the nodes at which the state may be complete.</summary>
    private void Walk(int from, int to, State start, ulong[] words, List<int>? exits)
    {
        if (from >= to)
        {
            return;
        }
        ReadOnlySpan<byte> labels = vocabulary.Labels;
        ReadOnlySpan<byte> depths = vocabulary.Depths;
        ReadOnlySpan<int> ends = vocabulary.SubtreeEnds;
        ReadOnlySpan<int> idStarts = vocabulary.IdStarts;
        ReadOnlySpan<int> ids = vocabulary.Ids;
        ReadOnlySpan<byte> classOf = graph.Classes.ClassOf;
        Span<State> path = _path;
        path[depths[from]] = start;
        for (int node = from; node < to;)
        {
            int depth = depths[node];
            State next = graph.Step(path[depth], classOf[labels[node]]);
            if (next.Kind == StateKind.Nothing)
            {
                node = ends[node];
                continue;
            }
            foreach (int id in ids[idStarts[node]..idStarts[node + 1]])
            {
                words[id >> 6] |= 1ul << id;
            }
            if (next.IsNullable)
            {
                exits?.Add(node);
            }
            if (next.Kind == StateKind.Empty)
            {
                node = ends[node];
                continue;
            }
            path[depth + 1] = next;
            node++;
        }
    }
}
