namespace Foretell.Server;

/// <summary>A request that cannot be served, as OpenAI's API says it: {"error": {"message", "type", "param", "code"}}.</summary>
/// <param name="status">The HTTP status, 400 to 599.</param>
/// <param name="message">One sentence for the caller; no path, no stack trace.</param>
/// <param name="type">invalid_request_error, authentication_error, permission_error, rate_limit_error, server_error, ...</param>
/// <param name="parameter">The field that is at fault, or null.</param>
/// <param name="code">A word that programs can tell the error by, or null.</param>
/// <param name="retryAfter">When to try again, for the header Retry-After; null for no such header.</param>
public sealed class ApiException(int status, string message, string type = ApiException.InvalidRequest, string? parameter = null, string? code = null, TimeSpan? retryAfter = null)
    : Exception(message)
{
    /// <summary>The type of errors that the caller can mend.</summary>
    public const string InvalidRequest = "invalid_request_error";

    public int Status { get; } = status;

    public string Type { get; } = type;

    public string? Parameter { get; } = parameter;

    public string? Code { get; } = code;

    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>400: a field holds what cannot be.</summary>
    public static ApiException Invalid(string? parameter, string message, string? code = "invalid_value") => new(400, message, InvalidRequest, parameter, code);

    /// <summary>404: there is no such thing.</summary>
    public static ApiException NotFound(string message, string? parameter = null, string? code = null) => new(404, message, InvalidRequest, parameter, code);

    /// <summary>404: there is no such model.</summary>
    public static ApiException NoModel(string model) => NotFound($"The model '{model}' does not exist or you do not have access to it.", "model", "model_not_found");
}
