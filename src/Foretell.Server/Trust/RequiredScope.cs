using Microsoft.AspNetCore.Http;

namespace Foretell.Server.Trust;

/// <summary>Metadata of an endpoint: the scope that its callers need. Without it the path decides: see <see cref="RequiredScope"/>.</summary>
/// <param name="scope"><see cref="KeyScopes.None"/> for an endpoint that anybody may call.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresScopeAttribute(KeyScopes scope) : Attribute
{
    public KeyScopes Scope { get; } = scope;
}

/// <summary>Which scope a request needs.</summary>
internal static class RequiredScope
{
    /// <summary>By the endpoint's own word, else by its path: what is not known to be open needs a key.</summary>
    public static KeyScopes Of(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<RequiresScopeAttribute>() is RequiresScopeAttribute said)
        {
            return said.Scope;
        }
        HttpRequest request = context.Request;
        PathString path = request.Path;
        if (path.StartsWithSegments("/v1/files") || path.StartsWithSegments("/v1/uploads"))
        {
            return KeyScopes.Files;
        }
        if (path.StartsWithSegments("/v1/fine_tuning") || path.StartsWithSegments("/api/runs") || (path.StartsWithSegments("/v1/models") && HttpMethods.IsDelete(request.Method)))
        {
            return KeyScopes.FineTuning;
        }
        // What people preferred is handed out to whoever administers; the reports of runs are for whoever trains.
        if (path.StartsWithSegments("/admin/api") || path.StartsWithSegments("/api/labels.jsonl"))
        {
            return KeyScopes.Admin;
        }
        if (path.StartsWithSegments("/metrics"))
        {
            return KeyScopes.Metrics;
        }
        bool isApi = path.StartsWithSegments("/v1") || path.StartsWithSegments("/tokenize") || path.StartsWithSegments("/detokenize")
            || path.Value!.Contains("/api/", StringComparison.OrdinalIgnoreCase);
        bool isRead = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        // Pages themselves are open: a person enters the key there.
        return isApi || !isRead ? KeyScopes.Inference : KeyScopes.None;
    }
}
