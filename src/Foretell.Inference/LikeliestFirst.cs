namespace Foretell.Inference;

/// <summary>
/// The order of tokens by weight, the larger first, of equal ones the smaller id: selections in it by partitioning
/// (Hoare 1961, quickselect) instead of a sort. Many candidates are first counted by the size of their weights, so that
/// only those of the one size that matters are partitioned.
/// </summary>
/// <param name="weights">[vocabulary], in [0, 1].</param>
internal readonly ref struct LikeliestFirst(ReadOnlySpan<float> weights)
{
    private const int FewEnoughToSort = 24;
    private const int FewEnoughToPartition = 512;

    /// <summary>Sizes are a weight's exponent and first three digits: eight an octave.</summary>
    private const int SizeShift = 20;
    private const int Sizes = (0x3F800000 >> SizeShift) + 1;

    private readonly ReadOnlySpan<float> _weights = weights;

    /// <summary>Whether token <paramref name="a"/> stands before token <paramref name="b"/>.</summary>
    public bool Precedes(int a, int b) => _weights[a] > _weights[b] || (_weights[a] == _weights[b] && a < b);

    /// <summary>Leaves, in their order, the candidates that do not stand behind the last.</summary>
    public Span<int> Through(Span<int> candidates, int last)
    {
        float least = _weights[last];
        int count = 0;
        foreach (int id in candidates)
        {
            float weight = _weights[id];
            candidates[count] = id;
            // Without branches, which nobody could foretell.
            bool stays = (weight > least) | ((weight == least) & (id <= last));
            count += stays ? 1 : 0;
        }
        return candidates[..count];
    }

    /// <summary>The k-th likeliest of the candidates, counted from 1; they are left in another order.</summary>
    public int AtRank(Span<int> candidates, int k)
    {
        if (candidates.Length > FewEnoughToPartition)
        {
            Span<int> counts = stackalloc int[Sizes];
            counts.Clear();
            foreach (int id in candidates)
            {
                counts[Size(id)]++;
            }
            int size = Sizes - 1;
            for (; counts[size] < k; size--)
            {
                k -= counts[size];
            }
            candidates = OfSize(candidates, size);
        }
        while (candidates.Length > FewEnoughToSort)
        {
            int pivot = Partition(candidates);
            if (k <= pivot)
            {
                candidates = candidates[..pivot];
            }
            else if (k == pivot + 1)
            {
                return candidates[pivot];
            }
            else
            {
                candidates = candidates[(pivot + 1)..];
                k -= pivot + 1;
            }
        }
        Sort(candidates);
        return candidates[k - 1];
    }

    /// <summary>The last of the fewest likeliest candidates that together weigh at least <paramref name="mass"/>; the least likely of all when they weigh less. They are left in another order.</summary>
    public int AtMass(Span<int> candidates, double mass)
    {
        if (candidates.Length > FewEnoughToPartition)
        {
            Span<double> masses = stackalloc double[Sizes];
            masses.Clear();
            int least = Sizes - 1;
            foreach (int id in candidates)
            {
                int own = Size(id);
                masses[own] += _weights[id];
                least = Math.Min(least, own);
            }
            int size = Sizes - 1;
            for (; size > least && masses[size] < mass; size--)
            {
                mass -= masses[size];
            }
            candidates = OfSize(candidates, size);
        }
        while (candidates.Length > FewEnoughToSort)
        {
            int pivot = Partition(candidates);
            double before = 0;
            foreach (int id in candidates[..pivot])
            {
                before += _weights[id];
            }
            double through = before + _weights[candidates[pivot]];
            if (pivot > 0 && mass <= before)
            {
                candidates = candidates[..pivot];
            }
            else if (mass <= through || pivot == candidates.Length - 1)
            {
                return candidates[pivot];
            }
            else
            {
                candidates = candidates[(pivot + 1)..];
                mass -= through;
            }
        }
        Sort(candidates);
        foreach (int id in candidates)
        {
            mass -= _weights[id];
            if (mass <= 0)
            {
                return id;
            }
        }
        return candidates[^1];
    }

    /// <summary>Sorts, by insertion when there are few.</summary>
    public void Sort(Span<int> candidates)
    {
        for (int i = 1; i < candidates.Length; i++)
        {
            int id = candidates[i];
            int at = i;
            for (; at > 0 && Precedes(id, candidates[at - 1]); at--)
            {
                candidates[at] = candidates[at - 1];
            }
            candidates[at] = id;
        }
    }

    private int Size(int id) => BitConverter.SingleToInt32Bits(_weights[id]) >> SizeShift;

    private Span<int> OfSize(Span<int> candidates, int size)
    {
        int count = 0;
        foreach (int id in candidates)
        {
            candidates[count] = id;
            count += Size(id) == size ? 1 : 0;
        }
        return candidates[..count];
    }

    /// <summary>Puts what precedes a pivot before it and the rest behind; returns its index.</summary>
    private int Partition(Span<int> candidates)
    {
        int last = candidates.Length - 1;
        int pivot = MedianOfThree(candidates[0], candidates[last / 2], candidates[last]);
        candidates[candidates.IndexOf(pivot)] = candidates[last];
        int store = 0;
        for (int i = 0; i < last; i++)
        {
            int id = candidates[i];
            if (Precedes(id, pivot))
            {
                candidates[i] = candidates[store];
                candidates[store++] = id;
            }
        }
        candidates[last] = candidates[store];
        candidates[store] = pivot;
        return store;
    }

    private int MedianOfThree(int a, int b, int c)
    {
        if (Precedes(b, a))
        {
            (a, b) = (b, a);
        }
        return Precedes(c, a) ? a : Precedes(c, b) ? c : b;
    }
}
