namespace Foretell.Server.Telemetry;

/// <summary>The numbers of one metric under one set of labels. Safe to use from many threads.</summary>
internal sealed class MetricSeries(double[] boundaries)
{
    private readonly Lock _lock = new();
    private readonly long[] _buckets = new long[boundaries.Length + 1];
    private double _value;
    private long _count;

    /// <summary>Adds to a counter, or to a gauge that goes up and down.</summary>
    public void Add(double amount)
    {
        lock (_lock)
        {
            _value += amount;
        }
    }

    /// <summary>Sets what an observed instrument says.</summary>
    public void Set(double value)
    {
        lock (_lock)
        {
            _value = value;
        }
    }

    /// <summary>Counts a value into its bucket: the first whose boundary is not below it.</summary>
    public void Record(double value)
    {
        int bucket = Array.BinarySearch(boundaries, value);
        lock (_lock)
        {
            _buckets[bucket >= 0 ? bucket : ~bucket]++;
            _value += value;
            _count++;
        }
    }

    /// <summary>The value, or of a histogram the sum, how many values there were, and how many were in each bucket or a lower one.</summary>
    public (double Value, long Count, long[] Cumulative) Read()
    {
        lock (_lock)
        {
            long[] cumulative = new long[_buckets.Length];
            long below = 0;
            for (int i = 0; i < cumulative.Length; i++)
            {
                cumulative[i] = below += _buckets[i];
            }
            return (_value, _count, cumulative);
        }
    }
}
