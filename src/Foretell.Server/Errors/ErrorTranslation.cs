using Foretell.Inference;
using Foretell.Tokenizers;
using Microsoft.AspNetCore.Http;

namespace Foretell.Server.Errors;

/// <summary>What callers are told of the errors that the rooms below throw. Whatever is not listed here is the server's own fault, of which they learn nothing.</summary>
internal static class ErrorTranslation
{
    public static ApiException Of(Exception error) => error switch
    {
        ApiException api => api,
        ContextFullException full => ApiException.Invalid("messages", FormattableString.Invariant($"This model's maximum context length is {full.ContextLength} tokens. However, your prompt has {full.PromptTokens} tokens, which leaves no room for an answer; shorten it."), "context_length_exceeded"),
        Assistant.TextTooLongException text => ApiException.Invalid("input", FormattableString.Invariant($"This model's maximum context length is {text.Context} tokens. However, input {text.Index} has {text.Tokens} tokens; shorten it or cut it into pieces."), "context_length_exceeded"),
        EngineBusyException busy => new ApiException(429, busy.Message, "rate_limit_error", code: "engine_busy", retryAfter: busy.RetryAfter),
        UnknownModelException model => ApiException.NoModel(model.Name),
        GrammarException grammar => ApiException.Invalid(null, grammar.Message, "invalid_schema"),
        ChatTemplateException template => ApiException.Invalid("messages", template.Message),
        BadHttpRequestException { StatusCode: 413 } => new ApiException(413, "The request's body is larger than this server takes; send less.", code: "request_too_large"),
        BadHttpRequestException { StatusCode: 408 } => new ApiException(408, "The request's body arrived too slowly and was given up.", code: "request_timeout"),
        BadHttpRequestException bad => new ApiException(bad.StatusCode, "The request is not valid HTTP, or its body ended early."),
        ObjectDisposedException => new ApiException(503, "The server is shutting down, or the model has just been unloaded; try again in a moment.", "server_error", code: "unavailable", retryAfter: TimeSpan.FromSeconds(2)),
        _ => new ApiException(500, "The server had an error while it processed the request. The request id tells its operator which.", "server_error", code: "internal_error"),
    };
}
