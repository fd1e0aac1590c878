namespace Foretell.Tensors.Kernels.Cpu.Attention;

/// <summary>
/// Independent items of unequal cost on all workers: whoever is free takes the costliest that is left (Graham 1969).
/// Which worker takes which item is left to chance, so an item's result must not depend on it.
/// </summary>
internal static class LongestFirst
{
    /// <summary>Runs <paramref name="body"/>(index) once for every item.</summary>
    public static void Run(WorkerPool pool, long[] costs, Action<int> body)
    {
        if (pool.Count == 1 || costs.Length <= 1)
        {
            for (int item = 0; item < costs.Length; item++)
            {
                body(item);
            }
            return;
        }
        int[] order = Order(costs);
        int taken = 0;
        pool.Run(_ =>
        {
            for (int place = Interlocked.Increment(ref taken) - 1; place < order.Length; place = Interlocked.Increment(ref taken) - 1)
            {
                body(order[place]);
            }
        });
    }

    /// <summary>The cost of the worker that finishes last, when all run equally fast.</summary>
    public static long Span(long[] costs, int workers)
    {
        var finish = new PriorityQueue<int, long>();
        for (int worker = 0; worker < workers; worker++)
        {
            finish.Enqueue(worker, 0);
        }
        long span = 0;
        foreach (int item in Order(costs))
        {
            finish.TryDequeue(out int worker, out long until);
            until += costs[item];
            finish.Enqueue(worker, until);
            span = Math.Max(span, until);
        }
        return span;
    }

    /// <summary>Indices by falling cost; of equal ones the first comes first.</summary>
    public static int[] Order(long[] costs)
    {
        int[] order = [.. Enumerable.Range(0, costs.Length)];
        Array.Sort(order, (a, b) => costs[a] != costs[b] ? costs[b].CompareTo(costs[a]) : a.CompareTo(b));
        return order;
    }
}
