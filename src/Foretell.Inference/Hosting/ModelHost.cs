namespace Foretell.Inference;

/// <summary>
/// Several models side by side within one memory: each is loaded when it is first asked for, once for all who ask, and
/// when another needs its memory it goes, the one longest unused first, but never while someone holds it. Safe to use
/// from many threads.
/// </summary>
public sealed class ModelHost<T> : IAsyncDisposable
    where T : class, IAsyncDisposable
{
    private readonly Dictionary<string, Place> _places;
    private readonly long _memoryBudget;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopping = new();
    private TaskCompletionSource _changed = NewSignal();
    private long _used;
    private long _clock;
    private bool _disposed;

    /// <param name="sources">The models, by names that differ.</param>
    /// <param name="memoryBudget">The most bytes of all loaded models together.</param>
    /// <exception cref="ArgumentException">A name occurs twice, or a model is larger than the budget.</exception>
    public ModelHost(IEnumerable<ModelSource<T>> sources, long memoryBudget)
    {
        _memoryBudget = memoryBudget;
        _places = new Dictionary<string, Place>(StringComparer.Ordinal);
        foreach (ModelSource<T> source in sources)
        {
            if (source.Bytes > memoryBudget)
            {
                throw new ArgumentException(FormattableString.Invariant($"The model \"{source.Name}\" needs {source.Bytes} bytes and all models together may take {memoryBudget}; give them more memory or leave it out."));
            }
            if (!_places.TryAdd(source.Name, new Place(source)))
            {
                throw new ArgumentException($"There are two models named \"{source.Name}\"; names must differ.");
            }
        }
    }

    /// <summary>All names, loaded or not.</summary>
    public IReadOnlyCollection<string> Names => _places.Keys;

    /// <summary>Names of the models in memory.</summary>
    public IReadOnlyList<string> Loaded
    {
        get
        {
            lock (_lock)
            {
                return [.. _places.Values.Where(place => place.Model is not null).Select(place => place.Source.Name)];
            }
        }
    }

    /// <summary>The model of a name, loaded if need be; waits while others hold the memory that it needs.</summary>
    /// <param name="cancellation">Ends this wait; a load that others wait for goes on.</param>
    /// <exception cref="UnknownModelException">There is none.</exception>
    /// <exception cref="ObjectDisposedException">The host is shut down.</exception>
    public async Task<ModelLease<T>> AcquireAsync(string name, CancellationToken cancellation = default)
    {
        if (!_places.TryGetValue(name, out Place? place))
        {
            throw new UnknownModelException(name, Names);
        }
        while (true)
        {
            Task wait;
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (place.Model is T model)
                {
                    place.Leases++;
                    return new ModelLease<T>(model, () => Release(place));
                }
                if (place.Loading is null && TryMakeRoom(place.Source.Bytes))
                {
                    _used += place.Source.Bytes;
                    place.Loading = Task.Run(() => LoadAsync(place));
                }
                wait = place.Loading ?? _changed.Task;
            }
            await wait.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Refuses further calls, waits until all leases are given back, and unloads everything.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }
            _disposed = true;
            Signal();
        }
        await _stopping.CancelAsync().ConfigureAwait(false);
        foreach (Place place in _places.Values)
        {
            await UnloadAsync(place).ConfigureAwait(false);
        }
        _stopping.Dispose();
    }

    private async Task UnloadAsync(Place place)
    {
        while (true)
        {
            Task wait;
            lock (_lock)
            {
                if (place is { Loading: null, Leases: 0 })
                {
                    Evict(place);
                    wait = place.Leaving;
                }
                else
                {
                    wait = place.Loading ?? _changed.Task;
                }
            }
            // A load that fails has told those who asked for it.
            await wait.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            lock (_lock)
            {
                if (place is { Loading: null, Model: null })
                {
                    return;
                }
            }
        }
    }

    private async Task LoadAsync(Place place)
    {
        try
        {
            // The memory counted on is free only when those who had it are gone.
            await Task.WhenAll(Leaving()).ConfigureAwait(false);
            T model = await place.Source.LoadAsync(_stopping.Token).ConfigureAwait(false);
            lock (_lock)
            {
                place.Model = model;
                place.LastUse = ++_clock;
            }
        }
        catch
        {
            lock (_lock)
            {
                _used -= place.Source.Bytes;
            }
            throw;
        }
        finally
        {
            lock (_lock)
            {
                place.Loading = null;
                Signal();
            }
        }
    }

    private Task[] Leaving()
    {
        lock (_lock)
        {
            return [.. _places.Values.Select(place => place.Leaving)];
        }
    }

    private void Release(Place place)
    {
        lock (_lock)
        {
            place.Leases--;
            place.LastUse = ++_clock;
            Signal();
        }
    }

    /// <summary>Unloads models that nobody holds, longest unused first, until so many bytes are free; none when that is not enough.</summary>
    private bool TryMakeRoom(long bytes)
    {
        Place[] idle = [.. _places.Values.Where(place => place is { Model: not null, Leases: 0 }).OrderBy(place => place.LastUse)];
        if (_used - idle.Sum(place => place.Source.Bytes) + bytes > _memoryBudget)
        {
            return false;
        }
        foreach (Place place in idle)
        {
            if (_used + bytes > _memoryBudget)
            {
                Evict(place);
            }
        }
        return true;
    }

    private void Evict(Place place)
    {
        if (place.Model is T model)
        {
            place.Model = null;
            _used -= place.Source.Bytes;
            place.Leaving = Task.Run(async () => await model.DisposeAsync().ConfigureAwait(false));
        }
    }

    private void Signal()
    {
        _changed.TrySetResult();
        _changed = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Place(ModelSource<T> source)
    {
        public ModelSource<T> Source { get; } = source;

        public T? Model { get; set; }

        /// <summary>The load that is going on, for all who wait for it.</summary>
        public Task? Loading { get; set; }

        /// <summary>The end of the model that was here before.</summary>
        public Task Leaving { get; set; } = Task.CompletedTask;

        public int Leases { get; set; }

        public long LastUse { get; set; }
    }
}
