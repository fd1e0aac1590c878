using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Foretell.Server.Metering;

/// <summary>
/// Writes down what changed files, jobs, models and what else an operator answers for, after it succeeded. Keys are written
/// down where they are made, on the command line too.
/// </summary>
internal sealed class AuditTrail(RequestDelegate next, AuditLog audit)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context).ConfigureAwait(false);
        if (context.Response.StatusCode < 300 && Of(context.Request) is (string action, string subject))
        {
            RequestRecord record = RequestRecord.Of(context);
            await audit.WriteAsync(record.Caller ?? "anonymous", action, subject, new JsonObject { ["request"] = record.Id }, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>What a request does and to what; null for what is not written down.</summary>
    internal static (string Action, string Subject)? Of(HttpRequest request)
    {
        bool isDelete = HttpMethods.IsDelete(request.Method);
        if (!isDelete && !HttpMethods.IsPost(request.Method))
        {
            return null;
        }
        string[] parts = (request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts switch
        {
            ["v1", "files"] => ("file.uploaded", ""),
            ["v1", "files", string file] when isDelete => ("file.deleted", file),
            ["v1", "fine_tuning", "jobs"] => ("job.created", ""),
            ["v1", "fine_tuning", "jobs", string job, string what] => ($"job.{what}", job),
            ["v1", "models", .. string[] model] when isDelete => ("model.deleted", string.Join('/', model)),
            ["admin", "api", "keys", ..] => null,
            ["admin", "api", string thing, .. string[] rest] => ($"{thing}.{(isDelete ? "deleted" : "changed")}", string.Join('/', rest)),
            _ => null,
        };
    }
}
