using Foretell.Tensors;

namespace Foretell.Inference.Tests.Hosting;

public class ModelHostTests
{
    [Fact]
    public async Task AcquireAsync_ByManyAtOnce_LoadsOnceForAll()
    {
        var ledger = new Ledger();
        await using var host = new ModelHost<FakeModel>([ledger.Source("a", 10)], 10);
        Task<ModelLease<FakeModel>>[] waiting = [.. Enumerable.Range(0, 8).Select(_ => host.AcquireAsync("a"))];
        Assert.All(waiting, task => Assert.False(task.IsCompleted));
        ledger.Open("a");
        ModelLease<FakeModel>[] leases = await Task.WhenAll(waiting);
        Assert.Equal(1, ledger.Loads);
        Assert.All(leases, lease => Assert.Same(leases[0].Model, lease.Model));
        Array.ForEach(leases, lease => lease.Dispose());
        Assert.Throws<ObjectDisposedException>(() => leases[0].Model);
        using ModelLease<FakeModel> again = await host.AcquireAsync("a");
        Assert.Equal(1, ledger.Loads);
    }

    [Fact]
    public async Task AcquireAsync_WithoutRoom_UnloadsTheLongestUnusedThatNobodyHolds()
    {
        var ledger = new Ledger(open: true);
        await using var host = new ModelHost<FakeModel>([ledger.Source("a", 4), ledger.Source("b", 4), ledger.Source("c", 4)], 8);
        (await host.AcquireAsync("a")).Dispose();
        ModelLease<FakeModel> held = await host.AcquireAsync("b");
        (await host.AcquireAsync("a")).Dispose();
        // b is longer unused, but held.
        (await host.AcquireAsync("c")).Dispose();
        Assert.Equal(["b", "c"], host.Loaded.Order());
        held.Dispose();
        (await host.AcquireAsync("c")).Dispose();
        (await host.AcquireAsync("a")).Dispose();
        Assert.Equal(["a", "c"], host.Loaded.Order());
        Assert.True(ledger.MostBytes <= 8);
    }

    [Fact]
    public async Task AcquireAsync_WhileAllMemoryIsHeld_WaitsUntilSomeIsGivenBack()
    {
        var ledger = new Ledger(open: true);
        await using var host = new ModelHost<FakeModel>([ledger.Source("a", 6), ledger.Source("b", 6)], 8);
        ModelLease<FakeModel> held = await host.AcquireAsync("a");
        Task<ModelLease<FakeModel>> waiting = host.AcquireAsync("b");
        using var impatient = new CancellationTokenSource();
        Task<ModelLease<FakeModel>> givingUp = host.AcquireAsync("b", impatient.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givingUp);
        Assert.False(waiting.IsCompleted);
        held.Dispose();
        (await waiting).Dispose();
        Assert.True(ledger.MostBytes <= 8);
    }

    [Fact]
    public async Task AcquireAsync_WhenLoadingFails_TellsAllAndTriesAgainNextTime()
    {
        var ledger = new Ledger();
        await using var host = new ModelHost<FakeModel>([ledger.Source("a", 4)], 8);
        Task<ModelLease<FakeModel>>[] waiting = [host.AcquireAsync("a"), host.AcquireAsync("a")];
        while (ledger.Loads == 0)
        {
            await Task.Delay(1);
        }
        ledger.Fail("a");
        foreach (Task<ModelLease<FakeModel>> task in waiting)
        {
            Assert.Equal("damaged", (await Assert.ThrowsAsync<InvalidDataException>(() => task)).Message);
        }
        ledger.Open("a");
        (await host.AcquireAsync("a")).Dispose();
        Assert.Equal(2, ledger.Loads);
    }

    [Fact]
    public async Task AcquireAsync_OfAnUnknownName_SaysWhichThereAre()
    {
        var ledger = new Ledger();
        await using var host = new ModelHost<FakeModel>([ledger.Source("a", 4), ledger.Source("b", 4)], 8);
        Assert.Contains("a, b", (await Assert.ThrowsAsync<UnknownModelException>(() => host.AcquireAsync("c"))).Message, StringComparison.Ordinal);
        Assert.Contains("more memory", Assert.Throws<ArgumentException>(() => new ModelHost<FakeModel>([ledger.Source("a", 9)], 8)).Message, StringComparison.Ordinal);
        Assert.Contains("differ", Assert.Throws<ArgumentException>(() => new ModelHost<FakeModel>([ledger.Source("a", 1), ledger.Source("a", 1)], 8)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DisposeAsync_WhileAModelIsHeld_WaitsAndThenUnloadsAll()
    {
        var ledger = new Ledger(open: true);
        var host = new ModelHost<FakeModel>([ledger.Source("a", 4), ledger.Source("b", 4)], 8);
        ModelLease<FakeModel> held = await host.AcquireAsync("a");
        (await host.AcquireAsync("b")).Dispose();
        Task disposing = host.DisposeAsync().AsTask();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => host.AcquireAsync("b"));
        Assert.False(disposing.IsCompleted);
        Assert.False(held.Model.IsGone);
        held.Dispose();
        await disposing;
        Assert.Equal(0, ledger.Bytes);
    }

    /// <summary>Overlapping holders of one model would keep the other out for ever, if who asks later were served first.</summary>
    [Fact]
    public async Task AcquireAsync_OfAHeldModelThatIsToGo_WaitsBehindTheOneThatNeedsRoom()
    {
        var ledger = new Ledger(open: true);
        await using var host = new ModelHost<FakeModel>([ledger.Source("a", 6), ledger.Source("b", 6), ledger.Source("c", 2)], 8);
        ModelLease<FakeModel> held = await host.AcquireAsync("a");
        Task<ModelLease<FakeModel>> first = host.AcquireAsync("b");
        Task<ModelLease<FakeModel>> behind = host.AcquireAsync("a");
        Assert.False(behind.IsCompleted);
        held.Dispose();
        ModelLease<FakeModel> b = await first;
        Assert.False(behind.IsCompleted);
        b.Dispose();
        (await behind).Dispose();
        Assert.Equal(3, ledger.Loads);
        Assert.True(ledger.MostBytes <= 8);
    }

    [Fact]
    public async Task AcquireAsync_BehindOneWhoGivesUp_GetsTheModelThatIsStillHere()
    {
        var ledger = new Ledger(open: true);
        await using var host = new ModelHost<FakeModel>([ledger.Source("a", 4), ledger.Source("b", 8), ledger.Source("c", 4)], 8);
        using ModelLease<FakeModel> held = await host.AcquireAsync("a");
        using var impatient = new CancellationTokenSource();
        Task<ModelLease<FakeModel>> first = host.AcquireAsync("b", impatient.Token);
        Task<ModelLease<FakeModel>>[] behind = [host.AcquireAsync("a"), host.AcquireAsync("c")];
        Assert.All(behind, task => Assert.False(task.IsCompleted));
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        foreach (ModelLease<FakeModel> lease in await Task.WhenAll(behind).WaitAsync(TimeSpan.FromSeconds(20)))
        {
            lease.Dispose();
        }
        Assert.Equal(2, ledger.Loads);
    }

    /// <summary>Another waits for the memory at the moment when the model is ready: the one who had it loaded gets it all the same.</summary>
    [Fact]
    public async Task AcquireAsync_OfAModelJustLoaded_GetsItBeforeItCanGo()
    {
        for (int round = 0; round < 300; round++)
        {
            var ledger = new Ledger();
            await using var host = new ModelHost<FakeModel>([ledger.Source("a", 6), ledger.Source("b", 6)], 8);
            Task<ModelLease<FakeModel>> a = host.AcquireAsync("a");
            Task<ModelLease<FakeModel>>[] others = [.. Enumerable.Range(0, 4).Select(_ => host.AcquireAsync("b"))];
            ledger.Open("b");
            ledger.Open("a");
            (await a).Dispose();
            Assert.Equal(1, ledger.LoadsOf("a"));
            foreach (ModelLease<FakeModel> lease in await Task.WhenAll(others))
            {
                lease.Dispose();
            }
        }
    }

    [Fact]
    public async Task AcquireAsync_AfterAModelThatCouldNotBeUndone_LoadsAsEver()
    {
        var ledger = new Ledger(open: true);
        ModelSource<FakeModel> damaged = new("a", 6, _ => Task.FromResult(new FakeModel(ledger, 0) { Fault = new IOException("stuck") }));
        await using var host = new ModelHost<FakeModel>([damaged, ledger.Source("b", 6)], 8);
        for (int round = 0; round < 2; round++)
        {
            (await host.AcquireAsync("a")).Dispose();
            (await host.AcquireAsync("b")).Dispose();
        }
        Assert.Equal(2, ledger.Loads);
    }

    [Fact]
    public async Task AcquireAsync_OfAModelThatIsNoLongerUsable_WaitsForItsHoldersAndLoadsItAgain()
    {
        var ledger = new Ledger(open: true);
        await using var host = new ModelHost<FakeModel>([ledger.Source("a", 6) with { IsUsable = model => !model.IsBroken }], 8);
        ModelLease<FakeModel> held = await host.AcquireAsync("a");
        held.Model.IsBroken = true;
        Task<ModelLease<FakeModel>> again = host.AcquireAsync("a");
        Assert.False(again.IsCompleted);
        FakeModel broken = held.Model;
        Assert.False(broken.IsGone);
        held.Dispose();
        using ModelLease<FakeModel> lease = await again;
        Assert.NotSame(broken, lease.Model);
        Assert.True(broken.IsGone);
        Assert.True(ledger.MostBytes <= 8);
    }

    [Fact]
    public async Task DisposeAsync_WhileOthersWait_TellsThem()
    {
        var ledger = new Ledger(open: true);
        var host = new ModelHost<FakeModel>([ledger.Source("a", 6), ledger.Source("b", 6)], 8);
        ModelLease<FakeModel> held = await host.AcquireAsync("a");
        Task<ModelLease<FakeModel>> waiting = host.AcquireAsync("b");
        Task disposing = host.DisposeAsync().AsTask();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        held.Dispose();
        await disposing;
        Assert.Equal(0, ledger.Bytes);
    }

    [Fact]
    public async Task Add_WhileOthersAreServed_MakesAModelThatCanBeAskedFor()
    {
        var ledger = new Ledger(open: true);
        await using var host = new ModelHost<FakeModel>([ledger.Source("a", 4)], 8);
        using ModelLease<FakeModel> held = await host.AcquireAsync("a");
        host.Add(ledger.Source("b", 4));
        Assert.True(host.Fits("b"));
        (await host.AcquireAsync("b")).Dispose();
        Assert.Equal(["a", "b"], host.Names.Order());
        host.Add(ledger.Source("d", 1));
        Assert.False(host.Fits("d"));
        Assert.Contains("differ", Assert.Throws<ArgumentException>(() => host.Add(ledger.Source("b", 1))).Message, StringComparison.Ordinal);
        Assert.Contains("more memory", Assert.Throws<ArgumentException>(() => host.Add(ledger.Source("c", 9))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RemoveAsync_OfAHeldModel_LeavesItToItsHoldersAndUnloadsItThen()
    {
        var ledger = new Ledger(open: true);
        await using var host = new ModelHost<FakeModel>([ledger.Source("a", 6), ledger.Source("b", 6)], 8);
        ModelLease<FakeModel> held = await host.AcquireAsync("a");
        Task removing = host.RemoveAsync("a");
        await Assert.ThrowsAsync<UnknownModelException>(() => host.AcquireAsync("a"));
        Assert.Equal(["b"], host.Names);
        Assert.False(removing.IsCompleted);
        Assert.False(held.Model.IsGone);
        // Its memory counts until it is gone, also for a new model of the same name.
        host.Add(ledger.Source("a", 6));
        Task<ModelLease<FakeModel>> again = host.AcquireAsync("a");
        Assert.False(again.IsCompleted);
        held.Dispose();
        await removing;
        using ModelLease<FakeModel> second = await again;
        Assert.Equal(2, ledger.LoadsOf("a"));
        Assert.True(ledger.MostBytes <= 8);
    }

    [Fact]
    public async Task RemoveAsync_WhileTheModelLoads_TellsThoseWhoWait()
    {
        var ledger = new Ledger();
        await using var host = new ModelHost<FakeModel>([ledger.Source("a", 4)], 8);
        Task<ModelLease<FakeModel>> waiting = host.AcquireAsync("a");
        Task removing = host.RemoveAsync("a");
        await Assert.ThrowsAsync<UnknownModelException>(() => waiting);
        ledger.Open("a");
        await removing;
        Assert.Equal(0, ledger.Bytes);
        await Assert.ThrowsAsync<UnknownModelException>(() => host.RemoveAsync("a"));
    }

    [Fact]
    public async Task DisposeAsync_WhileARemovedModelIsHeld_WaitsForItToo()
    {
        var ledger = new Ledger(open: true);
        var host = new ModelHost<FakeModel>([ledger.Source("a", 4)], 8);
        ModelLease<FakeModel> held = await host.AcquireAsync("a");
        Task removing = host.RemoveAsync("a");
        Task disposing = host.DisposeAsync().AsTask();
        Assert.False(disposing.IsCompleted);
        held.Dispose();
        await disposing;
        await removing;
        Assert.Equal(0, ledger.Bytes);
    }

    /// <summary>Many callers at random: the budget is kept at every instant, no model goes while held, and all is gone at the end.</summary>
    [Fact]
    public async Task AcquireAsync_AtRandomFromManyTasks_KeepsTheBudget()
    {
        var ledger = new Ledger(open: true);
        var host = new ModelHost<FakeModel>([.. Enumerable.Range(1, 5).Select(size => ledger.Source($"m{size}", size))], 8);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            var random = new SeededRandom((ulong)worker);
            for (int i = 0; i < 60; i++)
            {
                using ModelLease<FakeModel> lease = await host.AcquireAsync($"m{1 + random.NextInt(5)}");
                await Task.Yield();
                Assert.False(lease.Model.IsGone);
            }
        })));
        await host.DisposeAsync();
        Assert.Equal(0, ledger.Bytes);
        Assert.InRange(ledger.MostBytes, 5, 8);
        Assert.True(ledger.Loads > 5);
    }

    private sealed class FakeModel(Ledger ledger, int bytes) : IAsyncDisposable
    {
        public bool IsGone { get; private set; }

        public bool IsBroken { get; set; }

        /// <summary>What its disposal ends with.</summary>
        public Exception? Fault { get; init; }

        public async ValueTask DisposeAsync()
        {
            await Task.Yield();
            IsGone = true;
            ledger.Add(-bytes);
            if (Fault is not null)
            {
                throw Fault;
            }
        }
    }

    /// <summary>What is in memory, and when loads may go on.</summary>
    private sealed class Ledger(bool open = false)
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<string, TaskCompletionSource> _gates = [];

        private readonly Dictionary<string, int> _loads = [];

        public int Loads
        {
            get
            {
                lock (_lock)
                {
                    return _loads.Values.Sum();
                }
            }
        }

        public int Bytes { get; private set; }

        public int MostBytes { get; private set; }

        public int LoadsOf(string name)
        {
            lock (_lock)
            {
                return _loads.GetValueOrDefault(name);
            }
        }

        public ModelSource<FakeModel> Source(string name, int bytes) => new(name, bytes, async _ =>
        {
            Task gate;
            lock (_lock)
            {
                _loads[name] = _loads.GetValueOrDefault(name) + 1;
                gate = open ? Task.CompletedTask : Gate(name).Task;
            }
            await gate;
            Add(bytes);
            return new FakeModel(this, bytes);
        });

        public void Open(string name)
        {
            lock (_lock)
            {
                Gate(name).TrySetResult();
            }
        }

        public void Fail(string name)
        {
            lock (_lock)
            {
                TaskCompletionSource gate = Gate(name);
                _gates.Remove(name);
                gate.TrySetException(new InvalidDataException("damaged"));
            }
        }

        public void Add(int bytes)
        {
            lock (_lock)
            {
                Bytes += bytes;
                MostBytes = Math.Max(MostBytes, Bytes);
            }
        }

        private TaskCompletionSource Gate(string name)
        {
            if (!_gates.TryGetValue(name, out TaskCompletionSource? gate))
            {
                _gates.Add(name, gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }
            return gate;
        }
    }
}
