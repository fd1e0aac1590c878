using System.Runtime.ExceptionServices;

namespace Foretell.Tensors.Kernels.Cpu;

/// <summary>
/// Fork and join over a fixed number of workers; the caller is worker 0. The others spin for a moment after a job, since
/// the next one usually follows at once, and then park, so that an idle pool costs nothing.
/// One job runs at a time: a second caller waits. A job must not call its own pool.
/// </summary>
public sealed class WorkerPool : IDisposable
{
    private const int SpinsBeforeParking = 4000;

    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _wake;
    private readonly PaddedFlag[] _parked;
    private readonly Lock _oneJobAtATime = new();
    private Action<int>? _body;
    private ExceptionDispatchInfo? _failure;
    private int _generation;
    private int _running;
    private bool _stopping;

    /// <param name="count">Workers, the caller included; at least 1.</param>
    public WorkerPool(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        Count = count;
        _threads = new Thread[count - 1];
        _wake = new SemaphoreSlim[count - 1];
        _parked = new PaddedFlag[count - 1];
        for (int i = 0; i < count - 1; i++)
        {
            int worker = i + 1;
            _wake[i] = new SemaphoreSlim(0);
            _threads[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"foretell worker {worker}" };
            _threads[i].Start();
        }
    }

    /// <summary>Number of workers, the caller included.</summary>
    public int Count { get; }

    /// <summary>Runs <paramref name="body"/> once for every worker index in [0, Count) and returns when all have finished.</summary>
    public void Run(Action<int> body)
    {
        if (Count == 1)
        {
            body(0);
            return;
        }
        lock (_oneJobAtATime)
        {
            // Its threads are gone: the job would wait for them for ever.
            ObjectDisposedException.ThrowIf(_stopping, this);
            _body = body;
            _failure = null;
            Volatile.Write(ref _running, Count - 1);
            Interlocked.Increment(ref _generation);
            for (int i = 0; i < _wake.Length; i++)
            {
                if (Interlocked.Exchange(ref _parked[i].Value, 0) == 1)
                {
                    _wake[i].Release();
                }
            }
            Execute(body, 0);
            var spinner = new SpinWait();
            while (Volatile.Read(ref _running) != 0)
            {
                spinner.SpinOnce(sleep1Threshold: -1);
            }
            _body = null;
            _failure?.Throw();
        }
    }

    /// <summary>
    /// Splits [0, <paramref name="count"/>) into one contiguous range a worker, each a multiple of <paramref name="grain"/>
    /// long but the last, and runs <paramref name="body"/>(start, end) on every range that is not empty.
    /// </summary>
    public void For(int count, int grain, Action<int, int> body)
    {
        int grains = (count + grain - 1) / grain;
        if (grains <= 1 || Count == 1)
        {
            if (count > 0)
            {
                body(0, count);
            }
            return;
        }
        Run(worker =>
        {
            int start = (int)((long)grains * worker / Count) * grain;
            int end = Math.Min(count, (int)((long)grains * (worker + 1) / Count) * grain);
            if (start < end)
            {
                body(start, end);
            }
        });
    }

    public void Dispose()
    {
        lock (_oneJobAtATime)
        {
            if (_stopping)
            {
                return;
            }
            _stopping = true;
            Interlocked.Increment(ref _generation);
            for (int i = 0; i < _wake.Length; i++)
            {
                if (Interlocked.Exchange(ref _parked[i].Value, 0) == 1)
                {
                    _wake[i].Release();
                }
            }
        }
        foreach (Thread thread in _threads)
        {
            thread.Join();
        }
        foreach (SemaphoreSlim wake in _wake)
        {
            wake.Dispose();
        }
    }

    private void Work(int worker)
    {
        int seen = 0;
        ref int parked = ref _parked[worker - 1].Value;
        while (true)
        {
            int spins = 0;
            while (Volatile.Read(ref _generation) == seen)
            {
                if (++spins < SpinsBeforeParking)
                {
                    Thread.SpinWait(1);
                    continue;
                }
                Interlocked.Exchange(ref parked, 1);
                // Either the caller sees the flag and releases, or we see its new generation and take the flag back.
                if (Volatile.Read(ref _generation) == seen || Interlocked.Exchange(ref parked, 0) == 0)
                {
                    _wake[worker - 1].Wait();
                }
                spins = 0;
            }
            seen++;
            if (_stopping)
            {
                return;
            }
            Execute(_body!, worker);
            Interlocked.Decrement(ref _running);
        }
    }

    private void Execute(Action<int> body, int worker)
    {
        try
        {
            body(worker);
        }
        catch (Exception exception)
        {
            // Kept for the caller, who rethrows it once every worker has finished.
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
        }
    }

    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Explicit, Size = 128)]
    private struct PaddedFlag
    {
        [System.Runtime.InteropServices.FieldOffset(64)]
        public int Value;
    }
}
