namespace Foretell.Server.FineTuning;

/// <summary>Tells the runner that there is work, and the training that it is to stop.</summary>
internal sealed class JobSignals
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _news = NewSource();
    private string? _running;
    private CancellationTokenSource? _interrupt;

    /// <summary>Ends at the next <see cref="Wake"/>. Taken before looking for work, so that none is missed.</summary>
    public Task News
    {
        get
        {
            lock (_lock)
            {
                return _news.Task;
            }
        }
    }

    public void Wake()
    {
        lock (_lock)
        {
            _news.TrySetResult();
            _news = NewSource();
        }
    }

    /// <summary>The job that trains now; null for none.</summary>
    public string? Running
    {
        get
        {
            lock (_lock)
            {
                return _running;
            }
        }
    }

    /// <summary>A job begins to train; ends with the source's disposal.</summary>
    public void Begin(string job, CancellationTokenSource interrupt)
    {
        lock (_lock)
        {
            (_running, _interrupt) = (job, interrupt);
        }
    }

    /// <summary>The job no longer trains.</summary>
    public void End()
    {
        lock (_lock)
        {
            (_running, _interrupt) = (null, null);
        }
    }

    /// <summary>Stops the job's training if it trains.</summary>
    public void Interrupt(string job)
    {
        lock (_lock)
        {
            if (_running == job)
            {
                _interrupt!.Cancel();
            }
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
