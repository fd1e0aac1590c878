namespace Foretell.Inference;

/// <summary>
/// Several models side by side within one memory: each is loaded when it is first asked for, once for all who ask, and
/// when another needs its memory it goes, the one longest unused first, but never while someone holds it. Models may be
/// added and removed at any time. Safe to use from many threads.
/// </summary>
public sealed class ModelHost<T> : IAsyncDisposable
    where T : class, IAsyncDisposable
{
    private readonly Dictionary<string, Place> _places = new(StringComparer.Ordinal);

    /// <summary>Removed ones that still have memory.</summary>
    private readonly List<Place> _removed = [];

    private readonly long _memoryBudget;
    private readonly Lock _lock = new();

    /// <summary>Models that are waited for, in the order of asking.</summary>
    private readonly List<Place> _queue = [];

    private readonly CancellationTokenSource _stopping = new();

    /// <summary>The one of them for which others are to go.</summary>
    private Place? _first;

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
        foreach (ModelSource<T> source in sources)
        {
            Add(source);
        }
    }

    /// <summary>All names, loaded or not.</summary>
    public IReadOnlyCollection<string> Names
    {
        get
        {
            lock (_lock)
            {
                return [.. _places.Keys];
            }
        }
    }

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

    /// <summary>The models in memory, to look at and not to use: any of them may be disposed meanwhile.</summary>
    public IReadOnlyList<T> LoadedModels
    {
        get
        {
            lock (_lock)
            {
                return [.. _places.Values.Select(place => place.Model).OfType<T>()];
            }
        }
    }

    /// <summary>Adds a model; it is loaded when it is first asked for.</summary>
    /// <exception cref="ArgumentException">There is a model of this name, or it is larger than the budget.</exception>
    /// <exception cref="ObjectDisposedException">The host is shut down.</exception>
    public void Add(ModelSource<T> source)
    {
        if (source.Bytes > _memoryBudget)
        {
            throw new ArgumentException(FormattableString.Invariant($"The model \"{source.Name}\" needs {source.Bytes} bytes and all models together may take {_memoryBudget}; give them more memory or leave it out."));
        }
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_places.TryAdd(source.Name, new Place(source)))
            {
                throw new ArgumentException($"There are two models named \"{source.Name}\"; names must differ.");
            }
        }
    }

    /// <summary>
    /// Removes a model: from now on there is none of this name, and those who wait for it are told so. Who holds it keeps
    /// it; the task ends when it is unloaded.
    /// </summary>
    /// <exception cref="UnknownModelException">There is none.</exception>
    /// <exception cref="ObjectDisposedException">The host is shut down.</exception>
    public async Task RemoveAsync(string name)
    {
        Place? place;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_places.Remove(name, out place))
            {
                throw new UnknownModelException(name, _places.Keys);
            }
            _removed.Add(place);
            foreach (TaskCompletionSource<ModelLease<T>> request in place.Queued.Concat(place.Coming))
            {
                request.TrySetException(new UnknownModelException(name, _places.Keys));
            }
            place.Queued.Clear();
            place.Coming.Clear();
            _queue.Remove(place);
            Advance();
        }
        await UnloadAsync(place).ConfigureAwait(false);
        lock (_lock)
        {
            _removed.Remove(place);
        }
    }

    /// <summary>Whether a model is in memory, or can come without another one going.</summary>
    /// <exception cref="UnknownModelException">There is none of this name.</exception>
    public bool Fits(string name)
    {
        lock (_lock)
        {
            return _places.TryGetValue(name, out Place? place)
                ? place.Model is not null || place.Loading is not null || _used + place.Source.Bytes <= _memoryBudget
                : throw new UnknownModelException(name, _places.Keys);
        }
    }

    /// <summary>
    /// The model of a name, loaded if need be; waits while others hold the memory that it needs. Who needs memory is served
    /// in the order of asking: while the first waits, the models that are to go for it are lent to nobody else.
    /// </summary>
    /// <param name="cancellation">Ends this wait; a load that has begun goes on.</param>
    /// <exception cref="UnknownModelException">There is none.</exception>
    /// <exception cref="ObjectDisposedException">The host is shut down.</exception>
    public async Task<ModelLease<T>> AcquireAsync(string name, CancellationToken cancellation = default)
    {
        var request = new TaskCompletionSource<ModelLease<T>>(TaskCreationOptions.RunContinuationsAsynchronously);
        Place? place;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_places.TryGetValue(name, out place))
            {
                throw new UnknownModelException(name, _places.Keys);
            }
            place.IsSpoiled |= place.Model is T model && place.Source.IsUsable?.Invoke(model) == false;
            place.Queued.Add(request);
            if (!_queue.Contains(place))
            {
                _queue.Add(place);
            }
            Advance();
        }
        using (cancellation.UnsafeRegister(_ => GiveUp(place, request, cancellation), null))
        {
            return await request.Task.ConfigureAwait(false);
        }
    }

    /// <summary>Refuses further calls, waits until all leases are given back, and unloads everything.</summary>
    public async ValueTask DisposeAsync()
    {
        Place[] all;
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }
            _disposed = true;
            all = [.. Present];
            foreach (TaskCompletionSource<ModelLease<T>> request in _places.Values.SelectMany(place => place.Queued.Concat(place.Coming)))
            {
                request.TrySetException(new ObjectDisposedException(GetType().FullName));
            }
            foreach (Place place in _places.Values)
            {
                place.Queued.Clear();
                place.Coming.Clear();
            }
            _queue.Clear();
            Signal();
        }
        await _stopping.CancelAsync().ConfigureAwait(false);
        foreach (Place place in all)
        {
            await UnloadAsync(place).ConfigureAwait(false);
        }
        _stopping.Dispose();
    }

    /// <summary>All that have memory or may get some.</summary>
    private IEnumerable<Place> Present => _places.Values.Concat(_removed);

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
            // A load that fails has told those who asked for it, and who shuts down can do nothing about a model that cannot be undone.
            await wait.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            lock (_lock)
            {
                if (place is { Loading: null, Model: null, Leaving.IsCompleted: true })
                {
                    return;
                }
            }
        }
    }

    private async Task LoadAsync(Place place)
    {
        T model;
        try
        {
            // The memory counted on is free only when those who had it are gone, well or badly.
            await Task.WhenAll(Leaving()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            model = await place.Source.LoadAsync(_stopping.Token).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            lock (_lock)
            {
                _used -= place.Source.Bytes;
                place.Loading = null;
                place.Coming.ForEach(request => request.TrySetException(error));
                place.Coming.Clear();
                Advance();
                Signal();
            }
            return;
        }
        lock (_lock)
        {
            place.Model = model;
            place.Loading = null;
            place.LastUse = ++_clock;
            Lend(place, model, place.Coming);
            Advance();
            Signal();
        }
    }

    private Task[] Leaving()
    {
        lock (_lock)
        {
            return [.. Present.Select(place => place.Leaving)];
        }
    }

    private void Release(Place place)
    {
        lock (_lock)
        {
            place.Leases--;
            place.LastUse = ++_clock;
            Advance();
            Signal();
        }
    }

    private void GiveUp(Place place, TaskCompletionSource<ModelLease<T>> request, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (!place.Queued.Remove(request) && !place.Coming.Remove(request))
            {
                return;
            }
            request.TrySetCanceled(cancellation);
            if (place.Queued.Count == 0)
            {
                _queue.Remove(place);
            }
            Advance();
        }
    }

    /// <summary>Serves all whose turn it is.</summary>
    private void Advance()
    {
        foreach (Place spoiled in _places.Values.Where(place => place is { IsSpoiled: true, Leases: 0 }))
        {
            Evict(spoiled);
        }
        while (true)
        {
            _queue.RemoveAll(TryServe);
            Place? first = _queue.Count > 0 && _queue[0] is { Model: null, Loading: null } ? _queue[0] : null;
            if (first is Place next && TryMakeRoom(next.Source.Bytes))
            {
                _used += next.Source.Bytes;
                next.Loading = Task.Run(() => LoadAsync(next));
                first = null;
            }
            else if (first == _first)
            {
                return;
            }
            Retire(first);
        }
    }

    /// <summary>Gives those who wait for a model the one that is here, or lets them wait for the one that is coming, unless it is to go.</summary>
    private bool TryServe(Place place)
    {
        if (place.IsRetiring || place.IsSpoiled || place is { Model: null, Loading: null })
        {
            return false;
        }
        if (place.Model is T model)
        {
            Lend(place, model, place.Queued);
        }
        else
        {
            place.Coming.AddRange(place.Queued);
            place.Queued.Clear();
        }
        return true;
    }

    private void Lend(Place place, T model, List<TaskCompletionSource<ModelLease<T>>> requests)
    {
        // Lent before anyone wakes up: otherwise the model could go again before its requesters come to take it.
        place.Leases += requests.Count;
        requests.ForEach(request => request.TrySetResult(new ModelLease<T>(model, () => Release(place))));
        requests.Clear();
    }

    /// <summary>
    /// Chooses the models that go for the first who waits, idle ones before held ones before those still coming. The choice
    /// stands until that one is served: choosing anew at each release would let the others take turns for ever.
    /// </summary>
    private void Retire(Place? first)
    {
        _first = first;
        foreach (Place place in Present)
        {
            place.IsRetiring = false;
        }
        if (first is null)
        {
            return;
        }
        long wanted = _used + first.Source.Bytes - _memoryBudget;
        foreach (Place place in Present
            .Where(place => place.Model is not null || place.Loading is not null)
            .OrderBy(place => place.Loading is not null ? 2 : Math.Sign(place.Leases))
            .ThenBy(place => place.LastUse)
            .TakeWhile(_ => wanted > 0))
        {
            place.IsRetiring = true;
            wanted -= place.Source.Bytes;
        }
    }

    /// <summary>Unloads models that nobody holds, longest unused first, until so many bytes are free; none when that is not enough.</summary>
    private bool TryMakeRoom(long bytes)
    {
        Place[] idle = [.. Present.Where(place => place is { Model: not null, Leases: 0 }).OrderBy(place => place.LastUse)];
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
            place.IsSpoiled = false;
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

        /// <summary>Those who wait for a turn.</summary>
        public List<TaskCompletionSource<ModelLease<T>>> Queued { get; } = [];

        /// <summary>Those who get the model that is loading.</summary>
        public List<TaskCompletionSource<ModelLease<T>>> Coming { get; } = [];

        /// <summary>Whether it is to go for the first who waits.</summary>
        public bool IsRetiring { get; set; }

        /// <summary>Whether the model is of no use any more: it goes as soon as nobody holds it.</summary>
        public bool IsSpoiled { get; set; }

        public int Leases { get; set; }

        public long LastUse { get; set; }
    }
}
