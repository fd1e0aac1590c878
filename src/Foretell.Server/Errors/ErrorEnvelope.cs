using System.Globalization;
using System.Text.Json;
using Foretell.Server.Wire;
using Microsoft.AspNetCore.Http;

namespace Foretell.Server.Errors;

/// <summary>Writes errors: OpenAI's envelope for programs that talk to the API, problem details (RFC 9457) elsewhere.</summary>
internal static class ErrorEnvelope
{
    public static async Task WriteAsync(HttpContext context, ApiException error)
    {
        HttpResponse response = context.Response;
        response.StatusCode = error.Status;
        if (error.RetryAfter is TimeSpan wait)
        {
            response.Headers.RetryAfter = Math.Ceiling(Math.Max(1, wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }
        bool isApi = IsApi(context.Request.Path);
        await JsonAnswer.WriteAsync(response, isApi ? "application/json" : "application/problem+json", writer =>
        {
            if (isApi)
            {
                Write(writer, error);
            }
            else
            {
                WriteProblem(writer, error);
            }
        }, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>The envelope as a JSON value; also the last event of a stream that broke.</summary>
    public static void Write(Utf8JsonWriter writer, ApiException error)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("error");
        writer.WriteString("message", error.Message);
        writer.WriteString("type", error.Type);
        writer.WriteString("param", error.Parameter);
        writer.WriteString("code", error.Code);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static bool IsApi(PathString path) => path.StartsWithSegments("/v1") || path.StartsWithSegments("/tokenize") || path.StartsWithSegments("/detokenize");

    private static void WriteProblem(Utf8JsonWriter writer, ApiException error)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "about:blank");
        writer.WriteString("title", Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(error.Status));
        writer.WriteNumber("status", error.Status);
        writer.WriteString("detail", error.Message);
        writer.WriteEndObject();
    }
}
