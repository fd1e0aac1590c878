using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Foretell.Server.Errors;

/// <summary>
/// The outermost middleware: gives each request its id and record, the headers that OpenAI's clients read, a time limit, and
/// turns whatever goes wrong into one clear sentence without a path or a stack trace.
/// </summary>
internal sealed partial class ErrorHandling(RequestDelegate next, ServerOptions options, TimeProvider time)
{
    private const string ApiVersion = "2020-10-01";

    public static void Use(WebApplication app) => app.UseMiddleware<ErrorHandling>();

    public async Task InvokeAsync(HttpContext context)
    {
        CancellationToken caller = context.RequestAborted;
        var record = new RequestRecord($"req_{Guid.CreateVersion7(time.GetUtcNow()):N}", time.GetTimestamp(), caller);
        context.Features.Set(record);
        context.TraceIdentifier = record.Id;
        context.Response.OnStarting(() =>
        {
            IHeaderDictionary headers = context.Response.Headers;
            headers["x-request-id"] = record.Id;
            headers["openai-version"] = ApiVersion;
            headers["openai-processing-ms"] = ((long)time.GetElapsedTime(record.Started).TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
            return Task.CompletedTask;
        });
        using var limit = new CancellationTokenSource(options.RequestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(caller, limit.Token);
        context.RequestAborted = either.Token;
        try
        {
            await next(context).ConfigureAwait(false);
            if (!context.Response.HasStarted && context.Response.StatusCode is 404 or 405 && context.Response.ContentLength is null && context.Response.ContentType is null)
            {
                await FailAsync(context, record, Unserved(context)).ConfigureAwait(false);
            }
        }
        catch (Exception) when (caller.IsCancellationRequested)
        {
            // There is nobody to tell.
            record.Error = "cancelled";
        }
        catch (Exception error)
        {
            ApiException told = Tell(context, record, error);
            context.RequestAborted = caller;
            await FailAsync(context, record, told).ConfigureAwait(false);
        }
        finally
        {
            context.RequestAborted = caller;
        }
    }

    /// <summary>What the caller is told of an error; what is the server's own fault is logged.</summary>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    public static ApiException Tell(HttpContext context, RequestRecord record, Exception error)
    {
        if (record.CallerGone.IsCancellationRequested)
        {
            throw new OperationCanceledException(record.CallerGone);
        }
        ApiException told = error is OperationCanceledException && context.RequestAborted.IsCancellationRequested
            ? new ApiException(504, "The request took longer than this server allows and was given up.", "server_error", code: "timeout")
            : ErrorTranslation.Of(error);
        if (told.Status == 500)
        {
            LogFailure(context.RequestServices.GetRequiredService<ILogger<ErrorHandling>>(), error, record.Id);
        }
        record.Error = told.Code ?? told.Type;
        return told;
    }

    private static async Task FailAsync(HttpContext context, RequestRecord record, ApiException error)
    {
        record.Error = error.Code ?? error.Type;
        if (context.Response.HasStarted)
        {
            // Half an answer must not look like a whole one.
            context.Abort();
            return;
        }
        string? allow = context.Response.Headers.Allow;
        context.Response.Clear();
        context.Response.Headers.Allow = allow;
        await ErrorEnvelope.WriteAsync(context, error).ConfigureAwait(false);
    }

    private static ApiException Unserved(HttpContext context)
    {
        string method = context.Request.Method;
        string path = context.Request.Path.Value ?? "/";
        return context.Response.StatusCode == 405
            ? new ApiException(405, $"{path} is not served for {method}; it is for {context.Response.Headers.Allow}.", code: "method_not_supported")
            : ApiException.NotFound($"Unknown request URL: {method} {path}. This server does not serve it; please check the URL for typos.", code: "unknown_url");
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Request {RequestId} failed.")]
    private static partial void LogFailure(ILogger logger, Exception error, string requestId);
}
