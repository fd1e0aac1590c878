using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Foretell.Server.Trust;

/// <summary>
/// Web pages of other origins: those that were allowed may call (<see href="https://fetch.spec.whatwg.org/#http-cors-protocol"/>);
/// from others, what would change or cost something is refused, as a page can send it without being let to read the answer.
/// </summary>
internal sealed class CrossOrigin(TrustOptions options)
{
    private const string ExposedHeaders = "x-request-id, openai-processing-ms, retry-after, x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens";

    private readonly HashSet<string> _origins = new(options.CorsOrigins, StringComparer.OrdinalIgnoreCase);

    /// <summary>What becomes of a request.</summary>
    public enum Verdict
    {
        /// <summary>It goes on.</summary>
        Pass,

        /// <summary>It was a question whether such a request may be made, and is answered.</summary>
        Answered,

        /// <summary>It is refused.</summary>
        Refuse,
    }

    public Verdict Judge(HttpContext context)
    {
        HttpRequest request = context.Request;
        StringValues origins = request.Headers.Origin;
        if (origins.Count == 0)
        {
            return Verdict.Pass;
        }
        string origin = origins.ToString();
        if (string.Equals(origin, $"{request.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase))
        {
            return Verdict.Pass;
        }
        if (!_origins.Contains(origin) && !_origins.Contains("*"))
        {
            return HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method) ? Verdict.Pass : Verdict.Refuse;
        }
        bool isQuestion = HttpMethods.IsOptions(request.Method) && request.Headers.ContainsKey("Access-Control-Request-Method");
        Allow(context, origin, isQuestion);
        return isQuestion ? Verdict.Answered : Verdict.Pass;
    }

    private static void Allow(HttpContext context, string origin, bool isQuestion)
    {
        StringValues wanted = context.Request.Headers["Access-Control-Request-Headers"];
        void Write()
        {
            IHeaderDictionary headers = context.Response.Headers;
            headers.AccessControlAllowOrigin = origin;
            headers.Append("Vary", "Origin");
            headers.AccessControlExposeHeaders = ExposedHeaders;
            // The page itself may be of another site than the server.
            headers["Cross-Origin-Resource-Policy"] = "cross-origin";
            if (isQuestion)
            {
                headers.AccessControlAllowMethods = "GET, POST, DELETE";
                headers.AccessControlAllowHeaders = wanted.Count > 0 ? wanted : "authorization, content-type";
                headers.AccessControlMaxAge = "600";
            }
        }
        // At the very end, as an error clears what was set before.
        context.Response.OnStarting(() =>
        {
            Write();
            return Task.CompletedTask;
        });
        if (isQuestion)
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
    }
}
