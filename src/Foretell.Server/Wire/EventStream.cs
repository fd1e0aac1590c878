using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Foretell.Server.Errors;
using Microsoft.AspNetCore.Http;

namespace Foretell.Server.Wire;

/// <summary>
/// An answer in server-sent events, each one JSON value. Events go into the connection's own buffers and out when they are
/// flushed: once for all that are ready. One thread at a time.
/// </summary>
internal sealed class EventStream : IDisposable
{
    private readonly HttpContext _context;
    private readonly PipeWriter _body;
    private readonly Utf8JsonWriter _json;

    /// <summary>Begins the answer; nothing is sent before the first flush.</summary>
    public EventStream(HttpContext context)
    {
        _context = context;
        HttpResponse response = context.Response;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        // Proxies that gather answers would hold events back.
        response.Headers["X-Accel-Buffering"] = "no";
        _body = response.BodyWriter;
        _json = new Utf8JsonWriter(_body, JsonAnswer.Options);
    }

    /// <summary>Begins an event; its JSON is written to what this returns, then <see cref="End"/> ends it.</summary>
    /// <param name="name">The event's name; null for none.</param>
    public Utf8JsonWriter Begin(string? name = null)
    {
        if (name is not null)
        {
            _body.Write("event: "u8);
            _body.Write(Encoding.ASCII.GetBytes(name));
            _body.Write("\n"u8);
        }
        _body.Write("data: "u8);
        return _json;
    }

    public void End()
    {
        _json.Flush();
        _json.Reset();
        _body.Write("\n\n"u8);
    }

    /// <summary>The mark at the end of OpenAI's completions.</summary>
    public void Done() => _body.Write("data: [DONE]\n\n"u8);

    /// <summary>Sends what was written; waits while the reader is slow.</summary>
    /// <exception cref="OperationCanceledException">The reader has gone.</exception>
    public async ValueTask FlushAsync()
    {
        CancellationToken cancellation = _context.RequestAborted;
        FlushResult flushed = await _body.FlushAsync(cancellation).ConfigureAwait(false);
        if (flushed.IsCompleted)
        {
            throw new OperationCanceledException(cancellation);
        }
    }

    /// <summary>Reads what comes, and flushes whenever nothing more is ready.</summary>
    public async Task WriteAllAsync<T>(IAsyncEnumerable<T> items, Action<T> write)
    {
        await using IAsyncEnumerator<T> each = items.GetAsyncEnumerator(_context.RequestAborted);
        while (true)
        {
            ValueTask<bool> next = each.MoveNextAsync();
            if (!next.IsCompleted)
            {
                Task<bool> coming = next.AsTask();
                try
                {
                    await FlushAsync().ConfigureAwait(false);
                }
                catch
                {
                    // While it is asked for its next item, an enumerator cannot be disposed.
                    await ((Task)coming).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    throw;
                }
                next = new ValueTask<bool>(coming);
            }
            if (!await next.ConfigureAwait(false))
            {
                return;
            }
            write(each.Current);
        }
    }

    /// <summary>Tells what went wrong where an answer has begun already; rethrows where nobody is there to be told.</summary>
    /// <param name="write">Writes the event; null for the error envelope.</param>
    public async Task FailAsync(Exception error, Action<ApiException>? write = null)
    {
        RequestRecord record = RequestRecord.Of(_context);
        ApiException told = ErrorHandling.Tell(_context, record, error);
        _json.Reset();
        if (write is not null)
        {
            write(told);
        }
        else
        {
            ErrorEnvelope.Write(Begin(), told);
            End();
        }
        await _body.FlushAsync(record.CallerGone).ConfigureAwait(false);
    }

    public void Dispose() => _json.Dispose();
}

/// <summary>Writes bytes to a pipe.</summary>
internal static class PipeWriting
{
    public static void Write(this PipeWriter pipe, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(pipe.GetSpan(bytes.Length));
        pipe.Advance(bytes.Length);
    }
}
