using System.Threading.Channels;
using Foretell.Server.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foretell.Server.Metering;

/// <summary>
/// Counts what requests took, by key and model. Requests only leave a note; notes are written in batches, at most
/// <see cref="Delay"/> later, and all of them before the server ends. While the database fails they wait, as many as
/// <see cref="MostWaiting"/>.
/// </summary>
internal sealed partial class UsageMeter(IUsageStore store, IdentifierSource identifiers, TimeProvider time, ILogger<UsageMeter> logger) : BackgroundService
{
    /// <summary>How long a note may wait for others: what a crash loses.</summary>
    public static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(500);

    /// <summary>The most notes in one transaction.</summary>
    private const int MostTogether = 1000;

    public const int MostWaiting = 1_000_000;

    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(2);

    private const int MostAttempts = 1000;
    private const int AttemptsAtTheEnd = 3;

    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _ending;
    private readonly Channel<UsageRecord> _notes = Channel.CreateBounded<UsageRecord>(new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Notes a request that is over, if it asked a model that is served.</summary>
    public void Add(HttpContext context, RequestRecord record, TimeSpan duration)
    {
        if (record is { Operation: not null, Model: string model })
        {
            Add(record.Caller, model, context.Request.Path.Value ?? "/", record.PromptTokens, record.CompletionTokens, duration, context.Response.StatusCode);
        }
    }

    /// <summary>Notes what was done for a request after its end.</summary>
    /// <param name="status">What the request would have ended with.</param>
    public void Add(string? caller, string model, string path, long promptTokens, long completionTokens, TimeSpan duration, int status) =>
        _notes.Writer.TryWrite(new UsageRecord(identifiers.Next("usage_"), time.GetUtcNow(), caller, model, path, promptTokens, completionTokens, (long)duration.TotalMilliseconds, status));

    /// <summary>Writes the last notes: no request is being served any more.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _ending = true;
        _notes.Writer.TryComplete();
        _end.TrySetResult();
        if (ExecuteTask is Task writing)
        {
            await writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var batch = new List<UsageRecord>();
        while (await _notes.Reader.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            // Either more notes come meanwhile, or the server ends.
            await Task.WhenAny(Task.Delay(Delay, time, CancellationToken.None), _end.Task).ConfigureAwait(false);
            while (_notes.Reader.TryRead(out UsageRecord? note))
            {
                batch.Add(note);
                if (batch.Count == MostTogether)
                {
                    await WriteAsync(batch).ConfigureAwait(false);
                }
            }
            await WriteAsync(batch).ConfigureAwait(false);
        }
    }

    private async Task WriteAsync(List<UsageRecord> batch)
    {
        for (int attempt = 1; batch.Count > 0; attempt++)
        {
            try
            {
                await store.AddAsync(batch, CancellationToken.None).ConfigureAwait(false);
                batch.Clear();
            }
            catch (Exception error) when (error is System.Data.Common.DbException or IOException or TimeoutException)
            {
                LogFailure(logger, batch.Count, error.Message);
                if (attempt >= (_ending ? AttemptsAtTheEnd : MostAttempts))
                {
                    LogLoss(logger, batch.Count);
                    batch.Clear();
                    return;
                }
                await Task.WhenAny(Task.Delay(s_retry, time, CancellationToken.None), _end.Task).ConfigureAwait(false);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "What {Requests} requests took could not be written down yet: {Reason}")]
    private static partial void LogFailure(ILogger logger, int requests, string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "What {Requests} requests took is lost: the database did not take it.")]
    private static partial void LogLoss(ILogger logger, int requests);
}
