using Foretell.Models;
using Foretell.Tokenizers;

namespace Foretell.Inference;

/// <summary>
/// Many requests, one model: continuous batching with paged keys and values. Each answer has the bits that it has alone,
/// whatever runs beside it, and its log-probabilities are those of the whole sequence in training. The model is read by
/// one thread of the engine's own; all members are safe to use from many threads.
/// </summary>
public sealed class Engine : IDisposable, IAsyncDisposable
{
    private static readonly TimeSpan ShortestRetry = TimeSpan.FromSeconds(1);

    private readonly EngineCore _core;
    private readonly Transformer _model;
    private readonly EngineOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Queue<Action> _inbox = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private int _queued;
    private int _unfinished;
    private bool _closed;
    private bool _aborting;
    private Exception? _fault;
    private TaskCompletionSource? _drained;
    private TimeSpan _secondsEach = ShortestRetry;
    private volatile EngineStatistics _statistics;

    /// <summary>Begins an engine over a model, which stays its caller's and must outlive the engine.</summary>
    /// <param name="model">Must not be used elsewhere at the same time.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="endIds">Ids that end an answer; null for the tokenizer's end of text.</param>
    /// <param name="draft">A smaller model of the same vocabulary on the same device, to guess ahead with; used where <see cref="EngineOptions.Speculation"/> is set.</param>
    /// <param name="time">The clock of <see cref="GenerationTiming"/>; null for the system's.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the models do not go together.</exception>
    public Engine(Transformer model, Tokenizer tokenizer, EngineOptions? options = null, IReadOnlyList<int>? endIds = null, Transformer? draft = null, TimeProvider? time = null)
    {
        _options = options ?? new EngineOptions();
        _options.Validate();
        if (draft is not null && (draft.Config.VocabularySize < Math.Min(tokenizer.VocabularySize, model.Config.VocabularySize) || draft.Config.ContextLength < model.Config.ContextLength || draft.Device != model.Device))
        {
            throw new ArgumentException(FormattableString.Invariant($"A draft model must have the model's vocabulary, context and device; it has {draft.Config.VocabularySize} ids and a context of {draft.Config.ContextLength}, the model {model.Config.VocabularySize} and {model.Config.ContextLength}."));
        }
        _model = model;
        _time = time ?? TimeProvider.System;
        var ends = new HashSet<int>(endIds ?? (tokenizer.EndOfTextId is int end ? [end] : []));
        _core = new EngineCore(model, tokenizer, _options, ends, _options.Speculation is null ? null : draft);
        _statistics = _core.Statistics();
        _thread = new Thread(Run) { IsBackground = true, Name = "foretell engine" };
        _thread.Start();
    }

    /// <summary>Begins an engine over a published model, which ends its answers as it says.</summary>
    /// <inheritdoc cref="Engine(Transformer, Tokenizer, EngineOptions?, IReadOnlyList{int}?, Transformer?, TimeProvider?)"/>
    public Engine(PretrainedModel model, EngineOptions? options = null, Transformer? draft = null, TimeProvider? time = null)
        : this(model.Transformer, model.Tokenizer, options, model.Generation.EndIds, draft, time)
    {
    }

    /// <summary>The most tokens of a prompt and its answer: the model's context, or the whole cache where that is smaller.</summary>
    public int ContextLength => _core.ContextLimit;

    /// <summary>As of the last step.</summary>
    public EngineStatistics Statistics => _statistics;

    /// <summary>What ended the engine for good; null while it works, and when it was disposed.</summary>
    public Exception? Fault
    {
        get
        {
            lock (_lock)
            {
                return _fault;
            }
        }
    }

    /// <summary>Requests that wait to begin.</summary>
    public int QueueLength
    {
        get
        {
            lock (_lock)
            {
                return _queued;
            }
        }
    }

    /// <summary>Takes a request.</summary>
    /// <param name="cancellation">Gives the request up, as <see cref="GenerationStream.Cancel"/> does.</param>
    /// <exception cref="ArgumentException">A setting of the request is out of its range.</exception>
    /// <exception cref="ContextFullException">The prompt leaves no room for an answer.</exception>
    /// <exception cref="EngineBusyException">The queue is full.</exception>
    /// <exception cref="ObjectDisposedException">The engine takes no more requests.</exception>
    public GenerationStream Submit(GenerationRequest request, CancellationToken cancellation = default)
    {
        Check(request);
        cancellation.ThrowIfCancellationRequested();
        GenerationJob job;
        lock (_lock)
        {
            if (_fault is not null)
            {
                throw new InvalidOperationException($"The engine has failed and takes no more requests: {_fault.Message}", _fault);
            }
            ObjectDisposedException.ThrowIf(_closed, this);
            if (_queued >= _options.QueueLimit)
            {
                throw new EngineBusyException(_queued, RetryAfter());
            }
            job = new GenerationJob(request, _time, LeaveQueue);
            _queued++;
            _unfinished++;
            Post(() => _core.Add(job));
        }
        var stream = new GenerationStream(job, () => Cancel(job, default));
        if (cancellation.CanBeCanceled)
        {
            CancellationTokenRegistration registration = cancellation.Register(() => Cancel(job, cancellation));
            _ = job.Completion.ContinueWith(_ => registration.Dispose(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
        _ = job.Completion.ContinueWith(_ => Finished(job), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return stream;
    }

    /// <summary>Takes a request and waits for its whole result.</summary>
    /// <inheritdoc cref="Submit"/>
    public Task<GenerationResult> GenerateAsync(GenerationRequest request, CancellationToken cancellation = default) => Submit(request, cancellation).Completion;

    /// <summary>Takes no more requests, and completes when all that were taken are over.</summary>
    public Task DrainAsync()
    {
        lock (_lock)
        {
            _closed = true;
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_unfinished == 0)
            {
                _drained.TrySetResult();
            }
            return _drained.Task;
        }
    }

    /// <summary>Gives up all requests that are not over (they fail with <see cref="ObjectDisposedException"/>), ends the thread and frees the cache.</summary>
    public void Dispose()
    {
        Abort();
        _thread.Join();
        _core.Dispose();
    }

    /// <inheritdoc cref="Dispose"/>
    public async ValueTask DisposeAsync()
    {
        Abort();
        await _ended.Task.ConfigureAwait(false);
        _thread.Join();
        _core.Dispose();
    }

    private void Check(GenerationRequest request)
    {
        request.Validate();
        _ = new Sampler(request.Sampling, _core.Vocabulary);
        foreach (int id in request.Prompt.Span)
        {
            if ((uint)id >= (uint)_model.Config.VocabularySize)
            {
                throw new ArgumentException(FormattableString.Invariant($"The prompt holds token {id}; the model's ids are 0 to {_model.Config.VocabularySize - 1}."));
            }
        }
        if (request.Prompt.Length >= ContextLength)
        {
            throw new ContextFullException(request.Prompt.Length, ContextLength);
        }
    }

    private void Cancel(GenerationJob job, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (!job.IsOver)
            {
                Post(() => _core.Fail(job, new OperationCanceledException("The request was given up.", cancellation)));
            }
        }
    }

    private void Post(Action action)
    {
        _inbox.Enqueue(action);
        _wake.Release();
    }

    private void LeaveQueue()
    {
        lock (_lock)
        {
            _queued--;
        }
    }

    private void Finished(GenerationJob job)
    {
        lock (_lock)
        {
            _unfinished--;
            if (job.Completion.IsCompletedSuccessfully)
            {
                // How long a place is held, smoothed over about the last eight requests.
                GenerationTiming timing = job.Completion.GetAwaiter().GetResult().Timing;
                _secondsEach += (timing.Total - timing.Queued - _secondsEach) / 8;
            }
            if (_closed && _unfinished == 0)
            {
                _drained?.TrySetResult();
            }
        }
    }

    private TimeSpan RetryAfter()
    {
        TimeSpan estimate = _secondsEach * (1 + _queued) / _options.MaximumSequences;
        return estimate > ShortestRetry ? estimate : ShortestRetry;
    }

    private void Abort()
    {
        lock (_lock)
        {
            _closed = true;
            _aborting = true;
            _wake.Release();
        }
    }

    /// <summary>The engine's thread.</summary>
    private void Run()
    {
        Exception reason = new ObjectDisposedException(nameof(Engine), "The engine was disposed before the request was over.");
        try
        {
            while (TakeInbox())
            {
                if (_core.HasWork)
                {
                    _core.Step();
                }
                _statistics = _core.Statistics();
            }
        }
        catch (Exception error)
        {
            reason = error;
        }
        End(reason);
    }

    /// <summary>Does what was asked for since the last step; waits while there is nothing to do. False at the end.</summary>
    private bool TakeInbox()
    {
        if (!_core.HasWork)
        {
            _wake.Wait();
        }
        while (true)
        {
            Action action;
            lock (_lock)
            {
                if (_aborting)
                {
                    return false;
                }
                if (!_inbox.TryDequeue(out action!))
                {
                    return true;
                }
            }
            // One count a message; those taken in passing are taken off too, or an idle engine would turn round for each.
            _wake.Wait(0);
            action();
        }
    }

    /// <summary>Nobody is left waiting, whatever ended the thread.</summary>
    private void End(Exception reason)
    {
        List<Action> late;
        lock (_lock)
        {
            _closed = true;
            if (!_aborting)
            {
                _fault = reason;
            }
            late = [.. _inbox];
            _inbox.Clear();
        }
        try
        {
            late.ForEach(action => action());
            foreach (GenerationJob job in _core.Jobs.ToArray())
            {
                try
                {
                    _core.Fail(job, reason);
                }
                catch (Exception) when (_fault is not null)
                {
                    // The scheduler may be what has failed; its caller must hear of it all the same.
                    job.Fail(reason);
                }
            }
            _statistics = _core.Statistics();
        }
        finally
        {
            _ended.TrySetResult();
        }
    }
}
