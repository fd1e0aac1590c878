using Foretell.Assistant;
using Foretell.Inference;
using Foretell.Server.Catalog;
using Foretell.Server.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Endpoints;

/// <summary>A request that a model is to serve: its body, its record, and the model, held until this is disposed.</summary>
internal sealed class ModelRequest : IDisposable
{
    private readonly ModelLease<ForetellModel> _lease;

    private ModelRequest(HttpContext context, Fields body, RequestRecord record, ModelLease<ForetellModel> lease)
    {
        Context = context;
        Body = body;
        Record = record;
        _lease = lease;
        Time = context.RequestServices.GetRequiredService<TimeProvider>();
    }

    public HttpContext Context { get; }

    public Fields Body { get; }

    public RequestRecord Record { get; }

    public TimeProvider Time { get; }

    public ForetellModel Model => _lease.Model;

    public CancellationToken Aborted => Context.RequestAborted;

    /// <summary>Reads the body and finds the model that it names.</summary>
    /// <param name="operation">See <see cref="RequestRecord.Operation"/>.</param>
    /// <param name="usual">The model of requests without a name; null where it must be named.</param>
    /// <exception cref="ApiException">400: the body is no JSON object, or names no model. 404: there is none of that name. 503: it is being loaded.</exception>
    public static async Task<ModelRequest> ReadAsync(HttpContext context, string operation, string? usual = null)
    {
        RequestRecord record = RequestRecord.Of(context);
        record.Operation = operation;
        Fields body = await RequestBody.ReadAsync(context).ConfigureAwait(false);
        string name = body.Text("model") ?? usual ?? throw body.Missing("model");
        record.RequestedModel = name;
        ModelLease<ForetellModel> lease = await context.RequestServices.GetRequiredService<ModelCatalog>().AcquireAsync(name, context.RequestAborted).ConfigureAwait(false);
        record.Model = name;
        return new ModelRequest(context, body, record, lease);
    }

    /// <summary>Counts a token that was written.</summary>
    public void CountToken()
    {
        Record.FirstToken ??= Time.GetElapsedTime(Record.Started);
        Record.CompletionTokens++;
    }

    /// <summary>Begins what the rooms below check, so that what they refuse is the caller's error.</summary>
    /// <param name="parameter">The field that is at fault when the context is too short.</param>
    public static T Begin<T>(string parameter, Func<T> begin)
    {
        try
        {
            return begin();
        }
        catch (ContextFullException full)
        {
            throw ApiException.Invalid(parameter, FormattableString.Invariant($"This model's maximum context length is {full.ContextLength} tokens. However, your request has {full.PromptTokens} tokens in '{parameter}', which leaves no room for an answer; shorten it."), "context_length_exceeded");
        }
        catch (ArgumentException error) when (error is not UnknownModelException)
        {
            throw ApiException.Invalid(null, error.ParamName is string name ? error.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : error.Message);
        }
    }

    public void Dispose() => _lease.Dispose();
}
