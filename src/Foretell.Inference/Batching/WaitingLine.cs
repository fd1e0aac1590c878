namespace Foretell.Inference;

/// <summary>
/// Sequences that wait to be admitted. Those that were admitted before and lost their blocks come first, the oldest of
/// them before all; then one of each fairness key in turn, keys with fewer running sequences first, first come first
/// served within a key. A head that waits for memory can be kept at the head, so that nobody passes a long prompt.
/// </summary>
internal sealed class WaitingLine
{
    private readonly List<Sequence> _preempted = [];
    private readonly Dictionary<string, LinkedList<Sequence>> _byKey = [];
    private readonly List<string> _turns = [];
    private Sequence? _kept;

    public int Count { get; private set; }

    public void Add(Sequence sequence)
    {
        if (!_byKey.TryGetValue(sequence.FairnessKey, out LinkedList<Sequence>? line))
        {
            _byKey.Add(sequence.FairnessKey, line = []);
            _turns.Add(sequence.FairnessKey);
        }
        line.AddLast(sequence);
        Count++;
    }

    public void AddPreempted(Sequence sequence)
    {
        int at = _preempted.FindIndex(other => other.Arrival > sequence.Arrival);
        _preempted.Insert(at < 0 ? _preempted.Count : at, sequence);
        Count++;
    }

    /// <summary>Who is next; null when nobody waits that may begin.</summary>
    /// <param name="running">Number of a key's running sequences.</param>
    /// <param name="mayBegin">Whether a key's turn may come now.</param>
    public Sequence? Head(Func<string, int> running, Func<string, bool> mayBegin)
    {
        if (_preempted.Count > 0)
        {
            return _preempted[0];
        }
        if (_kept is not null)
        {
            return _kept;
        }
        string? next = null;
        int fewest = int.MaxValue;
        foreach (string key in _turns)
        {
            if (running(key) is int count && count < fewest && mayBegin(key))
            {
                (next, fewest) = (key, count);
            }
        }
        return next is null ? null : _byKey[next].First!.Value;
    }

    /// <summary>Lets a head stay at the head until it is taken.</summary>
    public void Keep(Sequence head) => _kept = head;

    /// <summary>Takes the head out of the line; the next turn of its key comes after those of all others.</summary>
    public void Take(Sequence head)
    {
        Remove(head);
        if (_turns.Remove(head.FairnessKey))
        {
            _turns.Add(head.FairnessKey);
        }
    }

    /// <summary>Takes a sequence out of the line, wherever it stands; false when it is not there.</summary>
    public bool Remove(Sequence sequence)
    {
        if (_kept == sequence)
        {
            _kept = null;
        }
        if (_preempted.Remove(sequence))
        {
            Count--;
            return true;
        }
        if (!_byKey.TryGetValue(sequence.FairnessKey, out LinkedList<Sequence>? line) || !line.Remove(sequence))
        {
            return false;
        }
        Count--;
        if (line.Count == 0)
        {
            _byKey.Remove(sequence.FairnessKey);
            _turns.Remove(sequence.FairnessKey);
        }
        return true;
    }
}
