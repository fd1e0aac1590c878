using System.Threading.Channels;

namespace Foretell.Inference;

/// <summary>A request on its way through the engine: its answers, and the line back to the caller. All but the line belongs to the engine's thread.</summary>
internal sealed class GenerationJob
{
    private readonly TimeProvider _time;
    private readonly long _submitted;
    private readonly Channel<GenerationUpdate> _updates = Channel.CreateUnbounded<GenerationUpdate>(new UnboundedChannelOptions { SingleWriter = true });
    private readonly TaskCompletionSource<GenerationResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Action? _leaveQueue;
    private TimeSpan? _queued;
    private TimeSpan? _firstToken;

    /// <param name="leaveQueue">Called once, when the request begins or is over.</param>
    public GenerationJob(GenerationRequest request, TimeProvider time, Action? leaveQueue = null)
    {
        _leaveQueue = leaveQueue;
        Request = request;
        _time = time;
        _submitted = time.GetTimestamp();
        // A caller may read the updates alone: a failure that nobody asked the result for is no unobserved one.
        _ = _completion.Task.ContinueWith(static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    public GenerationRequest Request { get; }

    public ChannelReader<GenerationUpdate> Updates => _updates.Reader;

    public Task<GenerationResult> Completion => _completion.Task;

    /// <summary>The answers begun so far, by choice.</summary>
    public List<Answer> Answers { get; } = [];

    /// <summary>The sequences of the answers that are not yet whole.</summary>
    public List<Sequence> Sequences { get; } = [];

    /// <summary>Prompt tokens found in the prefix cache.</summary>
    public int CachedPromptTokens { get; set; }

    /// <summary>Times that one of its sequences gave up its blocks.</summary>
    public int Preemptions { get; set; }

    /// <summary>Whether the caller has its result, or its error.</summary>
    public bool IsOver { get; private set; }

    public void Begin()
    {
        _queued ??= _time.GetElapsedTime(_submitted);
        LeaveQueue();
    }

    public void Send(GenerationUpdate update)
    {
        if (update.Token is not null)
        {
            _firstToken ??= _time.GetElapsedTime(_submitted);
        }
        _updates.Writer.TryWrite(update);
    }

    public GenerationUsage Usage() => new(
        Request.Prompt.Length, CachedPromptTokens, Answers.Sum(answer => answer.Count), Answers.Sum(answer => answer.Drafted), Answers.Sum(answer => answer.Accepted), Preemptions);

    /// <summary>Ends the request with its result.</summary>
    public void Complete(GenerationUsage usage)
    {
        IsOver = true;
        LeaveQueue();
        TimeSpan total = _time.GetElapsedTime(_submitted);
        var result = new GenerationResult([.. Answers.Select(answer => answer.Result())], usage, new GenerationTiming(_queued ?? total, _firstToken ?? total, total));
        _completion.TrySetResult(result);
        _updates.Writer.TryComplete();
    }

    /// <summary>Ends the request with an error, its cancellation among them.</summary>
    public void Fail(Exception error)
    {
        IsOver = true;
        LeaveQueue();
        if (error is OperationCanceledException cancelled)
        {
            _completion.TrySetCanceled(cancelled.CancellationToken);
        }
        else
        {
            _completion.TrySetException(error);
        }
        _updates.Writer.TryComplete(error);
    }

    private void LeaveQueue()
    {
        _leaveQueue?.Invoke();
        _leaveQueue = null;
    }
}
