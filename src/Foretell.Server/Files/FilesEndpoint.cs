using System.Text.Json;
using Foretell.Server.Storage;
using Foretell.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace Foretell.Server.Files;

/// <summary>POST and GET /v1/files, GET and DELETE /v1/files/{id}, GET /v1/files/{id}/content.</summary>
internal static class FilesEndpoint
{
    private const int LongestPage = 10_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/files", UploadAsync);
        routes.MapGet("/v1/files", ListAsync);
        routes.MapGet("/v1/files/{id}", GetAsync);
        routes.MapDelete("/v1/files/{id}", DeleteAsync);
        routes.MapGet("/v1/files/{id}/content", ContentAsync);
    }

    private static async Task UploadAsync(HttpContext context)
    {
        IServiceProvider services = context.RequestServices;
        var upload = new FileUpload(services.GetRequiredService<FileArea>(), services.GetRequiredService<Database>(), services.GetRequiredService<ServerOptions>());
        StoredFile file = await upload.ReadAsync(context).ConfigureAwait(false);
        await JsonAnswer.WriteAsync(context.Response, writer => Write(writer, file)).ConfigureAwait(false);
    }

    private static async Task ListAsync(HttpContext context)
    {
        PageRequest page = PageQuery.Read(context.Request, byDefault: LongestPage, atMost: LongestPage, newestFirst: true);
        string? purpose = context.Request.Query["purpose"];
        Page<StoredFile> found = await Database(context).Files.ListAsync(purpose, page, context.RequestAborted).ConfigureAwait(false);
        await JsonAnswer.WriteAsync(context.Response, writer => PageQuery.Write(writer, found, file => file.Id, Write)).ConfigureAwait(false);
    }

    private static async Task GetAsync(HttpContext context)
    {
        StoredFile file = await NamedAsync(context).ConfigureAwait(false);
        await JsonAnswer.WriteAsync(context.Response, writer => Write(writer, file)).ConfigureAwait(false);
    }

    private static async Task DeleteAsync(HttpContext context)
    {
        StoredFile file = await NamedAsync(context).ConfigureAwait(false);
        // What is begun is finished, whether or not the caller waits for it.
        await context.RequestServices.GetRequiredService<FileArea>().DeleteAsync(file.Id, CancellationToken.None).ConfigureAwait(false);
        await JsonAnswer.WriteAsync(context.Response, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("id", file.Id);
            writer.WriteString("object", "file");
            writer.WriteBoolean("deleted", true);
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private static async Task ContentAsync(HttpContext context)
    {
        StoredFile file = await NamedAsync(context).ConfigureAwait(false);
        var disposition = new ContentDispositionHeaderValue("attachment");
        disposition.SetHttpFileName(file.Filename);
        FileStream bytes;
        try
        {
            bytes = new FileStream(context.RequestServices.GetRequiredService<FileArea>().Path(file.Id), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 1 << 16, FileOptions.Asynchronous | FileOptions.SequentialScan);
        }
        catch (FileNotFoundException)
        {
            // Deleted since its record was read.
            throw NoFile(file.Id);
        }
        await using (bytes)
        {
            context.Response.ContentType = "application/octet-stream";
            context.Response.ContentLength = bytes.Length;
            context.Response.Headers.ContentDisposition = disposition.ToString();
            // What somebody uploaded must never run as a page of this server.
            context.Response.Headers.XContentTypeOptions = "nosniff";
            await bytes.CopyToAsync(context.Response.Body, context.RequestAborted).ConfigureAwait(false);
        }
    }

    private static async Task<StoredFile> NamedAsync(HttpContext context)
    {
        string id = (string)context.Request.RouteValues["id"]!;
        Database database = Database(context);
        StoredFile? file = await database.Files.FindAsync(id, context.RequestAborted).ConfigureAwait(false);
        return file is not null && !(file.Expires <= database.Clock.GetUtcNow()) ? file : throw NoFile(id);
    }

    private static ApiException NoFile(string id) => ApiException.NotFound($"No such File object: {id}", "id");

    private static void Write(Utf8JsonWriter writer, StoredFile file)
    {
        writer.WriteStartObject();
        writer.WriteString("object", "file");
        writer.WriteString("id", file.Id);
        writer.WriteString("purpose", file.Purpose);
        writer.WriteString("filename", file.Filename);
        writer.WriteNumber("bytes", file.Bytes);
        writer.WriteNumber("created_at", file.Created.ToUnixTimeSeconds());
        if (file.Expires is DateTimeOffset expires)
        {
            writer.WriteNumber("expires_at", expires.ToUnixTimeSeconds());
        }
        else
        {
            writer.WriteNull("expires_at");
        }
        writer.WriteString("status", "processed");
        writer.WriteNull("status_details");
        writer.WriteEndObject();
    }

    private static Database Database(HttpContext context) => context.RequestServices.GetRequiredService<Database>();
}
