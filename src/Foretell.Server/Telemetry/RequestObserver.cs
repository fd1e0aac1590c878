using System.Diagnostics;
using Foretell.Server.Catalog;
using Foretell.Server.Metering;
using Foretell.Server.Trust;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Foretell.Server.Telemetry;

/// <summary>Writes down each request when it is over: metrics, a span by the GenAI conventions, a line in the log, and what it is charged with.</summary>
internal sealed partial class RequestObserver(RequestDelegate next, ServerMetrics metrics, ModelCatalog catalog, UsageMeter usage, TrustOptions options, TimeProvider time, ILogger<RequestObserver> logger)
{
    public const string SourceName = "Foretell.Server";

    private static readonly ActivitySource s_source = new(SourceName);

    public Task InvokeAsync(HttpContext context)
    {
        RequestRecord record = RequestRecord.Of(context);
        bool isApi = context.Request.Path.StartsWithSegments("/v1");
        Activity? activity = isApi ? s_source.StartActivity("request", ActivityKind.Internal) : null;
        ContentTap? content = options.LogContent && isApi ? new ContentTap(context) : null;
        context.Response.OnCompleted(() =>
        {
            Finish(context, record, activity, content);
            return Task.CompletedTask;
        });
        return next(context);
    }

    private void Finish(HttpContext context, RequestRecord record, Activity? activity, ContentTap? content)
    {
        TimeSpan duration = time.GetElapsedTime(record.Started);
        if (record.Operation is not null)
        {
            metrics.Record(record, record.RequestedModel is string model && catalog.Find(model) is not null, duration);
        }
        usage.Add(context, record, duration);
        Trace(record, activity);
        if (options.LogRequests)
        {
            LogRequest(logger, context.Request.Method, context.Request.Path.Value, context.Response.StatusCode, Math.Round(duration.TotalMilliseconds, 3), record.Id, record.Model, record.Caller, record.PromptTokens, record.CompletionTokens, record.Error);
            if (content is not null)
            {
                LogContent(logger, record.Id, content.Request, content.Response);
            }
        }
    }

    private static void Trace(RequestRecord record, Activity? activity)
    {
        if (activity is null)
        {
            return;
        }
        if (record.Operation is string operation)
        {
            activity.DisplayName = record.RequestedModel is string requested ? $"{operation} {requested}" : operation;
            activity.SetTag("gen_ai.operation.name", operation);
            activity.SetTag("gen_ai.provider.name", ServerMetrics.Provider);
            activity.SetTag("gen_ai.request.model", record.RequestedModel);
            activity.SetTag("gen_ai.response.model", record.Model);
            activity.SetTag("gen_ai.usage.input_tokens", record.PromptTokens);
            activity.SetTag("gen_ai.usage.output_tokens", record.CompletionTokens);
            activity.SetTag("gen_ai.usage.cache_read.input_tokens", record.CachedPromptTokens);
            activity.SetTag("foretell.request.id", record.Id);
            if (record.Error is string error)
            {
                activity.SetTag("error.type", error);
                activity.SetStatus(ActivityStatusCode.Error);
            }
        }
        else
        {
            // Nothing was asked of a model: the span of HTTP says it all.
            activity.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }
        activity.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Method} {Path} {Status} in {Milliseconds} ms ({RequestId}, model {Model}, key {Key}, {PromptTokens} + {CompletionTokens} tokens, error {Error})")]
    private static partial void LogRequest(ILogger logger, string method, string? path, int status, double milliseconds, string requestId, string? model, string? key, long promptTokens, long completionTokens, string? error);

    [LoggerMessage(Level = LogLevel.Information, Message = "What {RequestId} asked and was answered: {Request} {Response}")]
    private static partial void LogContent(ILogger logger, string requestId, string request, string response);
}
