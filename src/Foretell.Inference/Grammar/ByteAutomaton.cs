namespace Foretell.Inference;

/// <summary>A deterministic automaton over bytes that is written out whole; state 0 is the start, and from every state some text is accepted.</summary>
internal sealed class ByteAutomaton
{
    private readonly int[] _starts;
    private readonly byte[] _labels;
    private readonly int[] _targets;
    private readonly bool[] _accepting;

    private ByteAutomaton(List<SortedDictionary<byte, int>> transitions, List<bool> accepting)
    {
        _starts = new int[transitions.Count + 1];
        _labels = new byte[transitions.Sum(state => state.Count)];
        _targets = new int[_labels.Length];
        int at = 0;
        for (int state = 0; state < transitions.Count; state++)
        {
            foreach ((byte label, int target) in transitions[state])
            {
                _labels[at] = label;
                _targets[at++] = target;
            }
            _starts[state + 1] = at;
        }
        _accepting = [.. accepting];
    }

    public int StateCount => _accepting.Length;

    /// <summary>Accepts exactly the given texts: the tree of their bytes. At least one.</summary>
    public static ByteAutomaton OfTexts(IEnumerable<byte[]> texts)
    {
        var transitions = new List<SortedDictionary<byte, int>> { new() };
        var accepting = new List<bool> { false };
        foreach (byte[] text in texts)
        {
            int state = 0;
            foreach (byte value in text)
            {
                if (!transitions[state].TryGetValue(value, out int next))
                {
                    next = transitions.Count;
                    transitions[state].Add(value, next);
                    transitions.Add([]);
                    accepting.Add(false);
                }
                state = next;
            }
            accepting[state] = true;
        }
        return new ByteAutomaton(transitions, accepting);
    }

    /// <summary>Accepts the decimal digits (at least one) of the multiples of <paramref name="divisor"/>, which is at least 1.</summary>
    public static ByteAutomaton MultiplesOf(int divisor)
    {
        // State 0 has read nothing; state 1 + r has read a number that leaves r.
        var transitions = new List<SortedDictionary<byte, int>>();
        var accepting = new List<bool>();
        for (int state = 0; state <= divisor; state++)
        {
            int remainder = Math.Max(0, state - 1);
            var next = new SortedDictionary<byte, int>();
            for (int digit = 0; digit < 10; digit++)
            {
                next.Add((byte)('0' + digit), 1 + (int)(((long)remainder * 10 + digit) % divisor));
            }
            transitions.Add(next);
            accepting.Add(state == 1);
        }
        return new ByteAutomaton(transitions, accepting);
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
