namespace Foretell.Inference;

/// <summary>A deterministic automaton over bytes that is written out whole; state 0 is the start, and from every state some text is accepted.</summary>
internal sealed class ByteAutomaton
{
    private static int _count;
    private readonly int[] _starts;
    private readonly byte[] _labels;
    private readonly int[] _targets;
    private readonly bool[] _accepting;

    private ByteAutomaton(List<(int State, byte Label, int Target)> transitions, List<bool> accepting)
    {
        transitions.Sort();
        _starts = new int[accepting.Count + 1];
        _labels = [.. transitions.Select(transition => transition.Label)];
        _targets = [.. transitions.Select(transition => transition.Target)];
        _accepting = [.. accepting];
        int at = 0;
        for (int state = 0; state < accepting.Count; state++)
        {
            _starts[state] = at;
            while (at < transitions.Count && transitions[at].State == state)
            {
                at++;
            }
        }
        _starts[^1] = at;
    }

    public int StateCount => _accepting.Length;

    /// <summary>A number that no other automaton has.</summary>
    public int Number { get; } = Interlocked.Increment(ref _count);

    /// <summary>Accepts exactly the given texts: the tree of their bytes. At least one.</summary>
    public static ByteAutomaton OfTexts(IEnumerable<byte[]> texts)
    {
        var transitions = new List<(int, byte, int)>();
        var accepting = new List<bool> { false };
        var path = new List<int> { 0 };
        byte[] previous = [];
        foreach (byte[] text in texts.Order(Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))))
        {
            int shared = text.AsSpan().CommonPrefixLength(previous);
            path.RemoveRange(shared + 1, path.Count - shared - 1);
            for (int index = shared; index < text.Length; index++)
            {
                transitions.Add((path[^1], text[index], accepting.Count));
                path.Add(accepting.Count);
                accepting.Add(false);
            }
            accepting[path[^1]] = true;
            previous = text;
        }
        return new ByteAutomaton(transitions, accepting);
    }

    /// <summary>Accepts the decimal digits (at least one) of the multiples of <paramref name="divisor"/>, which is at least 1.</summary>
    public static ByteAutomaton MultiplesOf(int divisor)
    {
        // State 0 has read nothing; state 1 + r has read a number that leaves r.
        var transitions = new List<(int, byte, int)>();
        for (int state = 0; state <= divisor; state++)
        {
            long remainder = Math.Max(0, state - 1);
            for (int digit = 0; digit < 10; digit++)
            {
                transitions.Add((state, (byte)('0' + digit), 1 + (int)((remainder * 10 + digit) % divisor)));
            }
        }
        return new ByteAutomaton(transitions, [.. Enumerable.Range(0, divisor + 1).Select(state => state == 1)]);
    }

    public bool IsAccepting(int state) => _accepting[state];

    public bool IsFinal(int state) => _starts[state] == _starts[state + 1];

    /// <summary>The next state, or -1.</summary>
    public int Next(int state, byte value)
    {
        int at = _labels.AsSpan(_starts[state], _starts[state + 1] - _starts[state]).BinarySearch(value);
        return at < 0 ? -1 : _targets[_starts[state] + at];
    }

    /// <summary>Adds, for every state, the sets of bytes that lead to one target.</summary>
    public void AddByteSets(HashSet<ByteSet> sets)
    {
        var byTarget = new Dictionary<int, ByteSet>();
        for (int state = 0; state < StateCount; state++)
        {
            byTarget.Clear();
            for (int at = _starts[state]; at < _starts[state + 1]; at++)
            {
                byTarget[_targets[at]] = byTarget.GetValueOrDefault(_targets[at]) | ByteSet.Of(_labels[at]);
            }
            sets.UnionWith(byTarget.Values);
        }
    }
}
