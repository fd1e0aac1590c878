using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;
using Foretell.Server.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Pages;

/// <summary>
/// The pages for people: chat (/), ranking (/rank), training (/runs) and administration (/admin). They are embedded in the
/// program, need no build step, load nothing from elsewhere and run no script that is not theirs.
/// </summary>
internal sealed class PagesFeature : IServerFeature
{
    private const string Prefix = "pages/";
    private const string ContentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    private static readonly FrozenDictionary<string, PageFile> s_files = Load();

    public void AddServices(WebApplicationBuilder builder, ServerOptions options) =>
        builder.Services.AddSingleton(services => new RunCatalog(options.RunsFolder, new DataFolder(options.DataFolder).Jobs, services.GetRequiredService<TimeProvider>()));

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach ((string address, string name) in new[] { ("/", "chat.html"), ("/rank", "rank.html"), ("/runs", "runs.html"), ("/admin", "admin.html") })
        {
            PageFile file = s_files[name];
            routes.MapGet(address, context => SendAsync(context, file));
        }
        routes.MapGet("/pages/{name}", context => s_files.TryGetValue((string)context.Request.RouteValues["name"]!, out PageFile? file)
            ? SendAsync(context, file)
            : throw ApiException.NotFound("There is no such page."));
        RunsEndpoint.Map(routes);
        LabelsEndpoint.Map(routes);
    }

    private static async Task SendAsync(HttpContext context, PageFile file)
    {
        HttpResponse response = context.Response;
        response.Headers.ETag = file.Tag;
        // Asked for anew each time, and not sent again while it is the same: an update of the program shows at once.
        response.Headers.CacheControl = "no-cache";
        response.Headers.ContentSecurityPolicy = ContentPolicy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        if (context.Request.Headers.IfNoneMatch == file.Tag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        response.ContentType = file.ContentType;
        response.ContentLength = file.Content.Length;
        await response.Body.WriteAsync(file.Content, context.RequestAborted).ConfigureAwait(false);
    }

    private static FrozenDictionary<string, PageFile> Load()
    {
        Assembly assembly = typeof(PagesFeature).Assembly;
        var files = new Dictionary<string, PageFile>(StringComparer.Ordinal);
        foreach (string resource in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using Stream stream = assembly.GetManifestResourceStream(resource)!;
            using var content = new MemoryStream();
            stream.CopyTo(content);
            byte[] bytes = content.ToArray();
            files.Add(resource[Prefix.Length..], new PageFile(bytes, TypeOf(resource), $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes)[..12])}\""));
        }
        return files.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        string other => throw new InvalidOperationException($"The pages hold a file of the kind {other}, which has no content type yet."),
    };

    private sealed record PageFile(byte[] Content, string ContentType, string Tag);
}
