using Microsoft.AspNetCore.Http;

namespace Foretell.Server;

/// <summary>
/// What is known of a request while it runs, for those who count, limit and trace: endpoints fill it in, middleware reads it
/// when the request is over. One a request, reached by <see cref="Of"/>.
/// </summary>
public sealed class RequestRecord
{
    internal RequestRecord(string id, long started, CancellationToken callerGone) => (Id, Started, CallerGone) = (id, started, callerGone);

    /// <summary>The request's id, as in the header x-request-id.</summary>
    public string Id { get; }

    /// <summary>When it arrived, by the clock's timestamp.</summary>
    public long Started { get; }

    /// <summary>Cancelled when the connection is lost, and not by the time limit, as the request's own token is.</summary>
    public CancellationToken CallerGone { get; }

    /// <summary>The key that it came with, by its id; null where none is asked for. Set by who checks keys; requests of one caller share its turns.</summary>
    public string? Caller { get; set; }

    /// <summary>The GenAI conventions' name of what is done: chat, text_completion, embeddings; null where no model is asked.</summary>
    public string? Operation { get; set; }

    /// <summary>The model that was asked for.</summary>
    public string? RequestedModel { get; set; }

    /// <summary>The model that answers; null until it is found.</summary>
    public string? Model { get; set; }

    /// <summary>Tokens read, those found in the prefix cache among them.</summary>
    public long PromptTokens { get; set; }

    /// <summary>Of them, found in the prefix cache.</summary>
    public long CachedPromptTokens { get; set; }

    /// <summary>Tokens written, of all choices.</summary>
    public long CompletionTokens { get; set; }

    /// <summary>From arrival to the first token; null where none was written.</summary>
    public TimeSpan? FirstToken { get; set; }

    /// <summary>The code or type of the error that the request ended with; null for none.</summary>
    public string? Error { get; set; }

    /// <summary>The record of a request.</summary>
    public static RequestRecord Of(HttpContext context) => context.Features.GetRequiredFeature<RequestRecord>();
}

/// <summary>Asks a request's features.</summary>
internal static class FeatureExtensions
{
    public static T GetRequiredFeature<T>(this Microsoft.AspNetCore.Http.Features.IFeatureCollection features) =>
        features.Get<T>() ?? throw new InvalidOperationException($"The request has no {typeof(T).Name}.");
}
