namespace Foretell.Inference;

/// <summary>
/// Decides what each step reads (continuous batching, Yu et al. 2022, Orca; chunked prefill, Agrawal et al. 2023,
/// SARATHI). First every sequence that is being written gets its one token, then prompts share what is left of the
/// step's tokens, by fairness keys in turn, in chunks. When blocks run out, the youngest sequence gives back all of its
/// own and is computed again later, with the same bits; the oldest one therefore always gets on, and no one waits for ever.
/// Knows nothing of models. Not safe to use from several threads at once.
/// </summary>
internal sealed class Scheduler(BlockManager blocks, SchedulerLimits limits)
{
    private readonly WaitingLine _waiting = new();
    private readonly List<Sequence> _running = [];
    private readonly Dictionary<string, int> _runningByKey = [];
    private long _arrivals;
    private uint _firstTurn;

    /// <summary>Sequences that hold blocks, in the order of arrival.</summary>
    public IReadOnlyList<Sequence> Running => _running;

    /// <summary>Sequences without blocks.</summary>
    public int WaitingCount => _waiting.Count;

    /// <summary>Whether there is anything to do.</summary>
    public bool HasWork => _running.Count + _waiting.Count > 0;

    /// <summary>Times that a sequence's blocks were taken away.</summary>
    public long Preemptions { get; private set; }

    /// <summary>Lines a sequence up. Its tokens must fit into all blocks together, or it would wait for ever.</summary>
    public void Add(Sequence sequence)
    {
        sequence.Arrival = _arrivals++;
        _waiting.Add(sequence);
    }

    /// <summary>Lets a sequence run on from all that another, running one has read. Where no more sequences may run it waits its turn and reads its prompt again.</summary>
    public void AddFork(Sequence parent, Sequence child)
    {
        child.Arrival = _arrivals++;
        if (_running.Count >= limits.RunningSequences)
        {
            _waiting.AddPreempted(child);
            return;
        }
        blocks.Share(parent.Blocks, child.Blocks);
        child.CachedPromptTokens = Math.Min(child.PromptLength, child.Blocks.Length);
        Start(child);
    }

    /// <summary>Forgets a sequence that is finished or no longer wanted, and frees its blocks.</summary>
    public void Remove(Sequence sequence)
    {
        if (!_waiting.Remove(sequence))
        {
            Stop(sequence);
        }
    }

    /// <summary>Makes what a sequence has read known to the prefix cache.</summary>
    public void Register(Sequence sequence) => blocks.Register(sequence.Tokens, sequence.Blocks);

    /// <summary>What to read next; empty when there is no work.</summary>
    public ScheduledStep Next()
    {
        var step = new ScheduledStep();
        int budget = limits.BatchTokens;
        bool preempted = ScheduleWriting(step, ref budget);
        if (!preempted)
        {
            Admit(budget);
        }
        ScheduleReading(step, ref budget);
        ScheduleDrafts(step, budget);
        return step;
    }

    /// <summary>One token for each sequence that is being written, oldest first.</summary>
    /// <returns>Whether a sequence lost its blocks.</returns>
    private bool ScheduleWriting(ScheduledStep step, ref int budget)
    {
        bool preempted = false;
        for (int i = 0; i < _running.Count && budget > 0; i++)
        {
            Sequence sequence = _running[i];
            if (sequence.Pending != 1)
            {
                continue;
            }
            bool reserved = blocks.TryReserve(sequence.Blocks, sequence.Count, step.Copies);
            while (!reserved && _running[^1] != sequence)
            {
                Preempt(_running[^1]);
                preempted = true;
                reserved = blocks.TryReserve(sequence.Blocks, sequence.Count, step.Copies);
            }
            if (!reserved)
            {
                Preempt(sequence);
                return true;
            }
            step.Sequences.Add(new ScheduledSequence(sequence, 1, 0));
            budget--;
        }
        return preempted;
    }

    /// <summary>Lets waiting sequences begin, with room for all tokens that they have.</summary>
    private void Admit(int budget)
    {
        int unread = 0;
        foreach (Sequence sequence in _running)
        {
            unread += sequence.Pending > 1 ? sequence.Pending : 0;
        }
        // More prompts than the step can read wait outside, where they hold no memory, unless their key has none inside.
        bool MayBegin(string key) => unread < budget || !_running.Exists(other => other.Pending > 1 && other.FairnessKey == key);
        while (_running.Count < limits.RunningSequences && _waiting.Head(RunningOf, MayBegin) is Sequence head)
        {
            // The last token is always read: its scores are what the next one is drawn from.
            ReadOnlySpan<int> known = head.Tokens[..^1];
            (int tokens, int unheld) = blocks.FindPrefix(known);
            int needed = blocks.BlocksFor(head.Count) - blocks.BlocksFor(tokens) + unheld;
            // A block to spare for each running sequence, lest the next step take back what this one gives.
            if (needed + _running.Count > blocks.Free)
            {
                _waiting.Keep(head);
                return;
            }
            _waiting.Take(head);
            blocks.TakePrefix(known, head.Blocks);
            head.CachedPromptTokens ??= Math.Min(head.PromptLength, tokens);
            if (!blocks.TryReserve(head.Blocks, head.Count, []))
            {
                throw new InvalidOperationException($"The scheduler counted {blocks.Free} blocks as enough for {head.Count} tokens, and they were not.");
            }
            Start(head);
            unread += head.Pending;
        }
    }

    /// <summary>The rest of the step's tokens, for prompts: keys in turn, the oldest of a key first.</summary>
    private void ScheduleReading(ScheduledStep step, ref int budget)
    {
        if (step.Sequences.Count == _running.Count || budget == 0)
        {
            return;
        }
        HashSet<Sequence> scheduled = [.. step.Sequences.Select(part => part.Sequence)];
        List<List<Sequence>> byKey = [.. _running.Where(sequence => !scheduled.Contains(sequence)).GroupBy(sequence => sequence.FairnessKey).Select(group => group.ToList())];
        // Who is first gets what does not divide; another key each step.
        int first = (int)(_firstTurn++ % (uint)byKey.Count);
        int[] left = [.. byKey.Select(group => group.Sum(sequence => sequence.Pending))];
        int[] shares = new int[byKey.Count];
        for (int hungry = left.Count(tokens => tokens > 0); hungry > 0 && budget > 0; hungry = left.Count(tokens => tokens > 0))
        {
            int share = Math.Max(1, budget / hungry);
            for (int turn = 0; turn < byKey.Count; turn++)
            {
                int key = (first + turn) % byKey.Count;
                int given = Math.Min(Math.Min(share, left[key]), budget);
                shares[key] += given;
                left[key] -= given;
                budget -= given;
            }
        }
        for (int key = 0; key < byKey.Count; key++)
        {
            foreach (Sequence sequence in byKey[key])
            {
                int chunk = Math.Min(sequence.Pending, shares[key]);
                if (chunk > 0)
                {
                    step.Sequences.Add(new ScheduledSequence(sequence, chunk, 0));
                    shares[key] -= chunk;
                }
            }
        }
    }

    /// <summary>Room for guessed tokens, where it costs nobody anything.</summary>
    private void ScheduleDrafts(ScheduledStep step, int budget)
    {
        if (step.Sequences.Count > limits.DraftingSequences || _waiting.Count > 0)
        {
            return;
        }
        for (int i = 0; i < step.Sequences.Count; i++)
        {
            ScheduledSequence part = step.Sequences[i];
            int drafts = Math.Min(part.Sequence.DraftLimit, budget);
            if (part.IsComplete && part.Tokens == 1 && drafts > 0 && blocks.TryReserve(part.Sequence.Blocks, part.Sequence.Count + drafts, step.Copies))
            {
                step.Sequences[i] = part with { Drafts = drafts };
                budget -= drafts;
            }
        }
    }

    private void Preempt(Sequence sequence)
    {
        Stop(sequence);
        sequence.Preemptions++;
        Preemptions++;
        _waiting.AddPreempted(sequence);
    }

    private void Start(Sequence sequence)
    {
        int at = _running.FindIndex(other => other.Arrival > sequence.Arrival);
        _running.Insert(at < 0 ? _running.Count : at, sequence);
        _runningByKey[sequence.FairnessKey] = RunningOf(sequence.FairnessKey) + 1;
    }

    private void Stop(Sequence sequence)
    {
        if (_running.Remove(sequence))
        {
            int left = RunningOf(sequence.FairnessKey) - 1;
            if (left == 0)
            {
                _runningByKey.Remove(sequence.FairnessKey);
            }
            else
            {
                _runningByKey[sequence.FairnessKey] = left;
            }
            blocks.ReleaseAll(sequence.Blocks);
        }
    }

    private int RunningOf(string key) => _runningByKey.GetValueOrDefault(key);
}
