namespace Foretell.Tokenizers;

/// <summary>
/// Applies merges to one word: always the pair of lowest rank, the leftmost among equals, until none is left.
/// Short words scan all pairs at each step; long ones keep their pairs in a heap, O(n log n) whatever the bytes.
/// </summary>
internal sealed class PairMerger
{
    private const int ShortWord = 48;

    private readonly int[] _shortRanks = new int[ShortWord];
    private int[] _next = [];
    private int[] _previous = [];
    private ulong[] _heap = [];
    private int _heapCount;

    /// <summary>Merges <paramref name="ids"/> in place and returns how many remain.</summary>
    public int Merge(MergeTable merges, Span<int> ids) => ids.Length <= ShortWord ? MergeShort(merges, ids) : MergeLong(merges, ids);

    private int MergeShort(MergeTable merges, Span<int> ids)
    {
        int count = ids.Length;
        Span<int> ranks = _shortRanks;
        for (int index = 0; index + 1 < count; index++)
        {
            ranks[index] = merges.Rank(ids[index], ids[index + 1]);
        }
        while (count > 1)
        {
            int best = MergeTable.NoRank;
            int at = 0;
            for (int index = 0; index + 1 < count; index++)
            {
                if (ranks[index] < best)
                {
                    best = ranks[index];
                    at = index;
                }
            }
            if (best == MergeTable.NoRank)
            {
                break;
            }
            ids[at] = merges.Result(best, ids[at], ids[at + 1]);
            ids[(at + 2)..count].CopyTo(ids[(at + 1)..]);
            if (at + 2 < count)
            {
                ranks[(at + 2)..(count - 1)].CopyTo(ranks[(at + 1)..]);
            }
            count--;
            if (at > 0)
            {
                ranks[at - 1] = merges.Rank(ids[at - 1], ids[at]);
            }
            if (at + 1 < count)
            {
                ranks[at] = merges.Rank(ids[at], ids[at + 1]);
            }
        }
        return count;
    }

    private int MergeLong(MergeTable merges, Span<int> ids)
    {
        int count = ids.Length;
        if (_next.Length < count)
        {
            _next = new int[count];
            _previous = new int[count];
        }
        Span<int> next = _next.AsSpan(0, count);
        Span<int> previous = _previous.AsSpan(0, count);
        _heapCount = 0;
        for (int index = 0; index < count; index++)
        {
            next[index] = index + 1;
            previous[index] = index - 1;
            if (index + 1 < count)
            {
                Push(merges.Rank(ids[index], ids[index + 1]), index);
            }
        }

        // A symbol merged into its left neighbour is -1. An entry whose pair has changed since is stale: its rank differs.
        while (_heapCount > 0)
        {
            ulong top = Pop();
            int rank = (int)(top >> 32);
            int at = (int)(uint)top;
            int right = next[at];
            if (ids[at] < 0 || right == count || merges.Rank(ids[at], ids[right]) != rank)
            {
                continue;
            }
            ids[at] = merges.Result(rank, ids[at], ids[right]);
            ids[right] = -1;
            int after = next[right];
            next[at] = after;
            if (after < count)
            {
                previous[after] = at;
                Push(merges.Rank(ids[at], ids[after]), at);
            }
            if (previous[at] >= 0)
            {
                Push(merges.Rank(ids[previous[at]], ids[at]), previous[at]);
            }
        }

        int kept = 0;
        for (int index = 0; index < count; index = next[index])
        {
            ids[kept++] = ids[index];
        }
        Trim(count);
        return kept;
    }

    /// <summary>One hostile word must not hold its memory for ever.</summary>
    private void Trim(int count)
    {
        if (count > 1 << 16)
        {
            _next = [];
            _previous = [];
            _heap = [];
        }
    }

    private void Push(int rank, int position)
    {
        if (rank == MergeTable.NoRank)
        {
            return;
        }
        if (_heapCount == _heap.Length)
        {
            Array.Resize(ref _heap, Math.Max(256, _heap.Length * 2));
        }
        ulong entry = ((ulong)(uint)rank << 32) | (uint)position;
        int hole = _heapCount++;
        while (hole > 0 && _heap[(hole - 1) >> 1] > entry)
        {
            _heap[hole] = _heap[(hole - 1) >> 1];
            hole = (hole - 1) >> 1;
        }
        _heap[hole] = entry;
    }

    private ulong Pop()
    {
        ulong top = _heap[0];
        ulong last = _heap[--_heapCount];
        int hole = 0;
        while (true)
        {
            int child = (2 * hole) + 1;
            if (child >= _heapCount)
            {
                break;
            }
            if (child + 1 < _heapCount && _heap[child + 1] < _heap[child])
            {
                child++;
            }
            if (_heap[child] >= last)
            {
                break;
            }
            _heap[hole] = _heap[child];
            hole = child;
        }
        _heap[hole] = last;
        return top;
    }
}
