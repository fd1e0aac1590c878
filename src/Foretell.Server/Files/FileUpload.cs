using System.Globalization;
using System.Text;
using Foretell.Server.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Foretell.Server.Files;

/// <summary>Reads an upload (<see href="https://www.rfc-editor.org/rfc/rfc7578">multipart/form-data</see>), streaming the file to the disk whichever field comes first.</summary>
internal sealed class FileUpload(FileArea area, Database database, ServerOptions options)
{
    /// <summary>Room for the other fields and the boundaries.</summary>
    private const int Overhead = 1 << 16;

    private const int LongestField = 1 << 12;

    private static readonly string[] s_purposes = ["assistants", "batch", "evals", "fine-tune", "user_data", "vision"];

    /// <exception cref="ApiException">The form is not one, lacks a field, or the file is too large.</exception>
    public async Task<StoredFile> ReadAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = options.MaximumFileBytes + Overhead;
        }
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out MediaTypeHeaderValue? type)
            || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
            || HeaderUtilities.RemoveQuotes(type.Boundary).Value is not { Length: > 0 and <= 200 } boundary)
        {
            throw ApiException.Invalid("file", "An upload is a form (multipart/form-data) with the fields \"purpose\" and \"file\".", "invalid_request");
        }
        string id = database.Identifiers.Next("file-");
        (string Name, long Bytes)? file = null;
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        bool kept = false;
        try
        {
            var reader = new MultipartReader(boundary, context.Request.Body) { HeadersLengthLimit = LongestField };
            while (await NextAsync(reader, context.RequestAborted).ConfigureAwait(false) is MultipartSection section)
            {
                if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out ContentDispositionHeaderValue? field))
                {
                    continue;
                }
                string name = HeaderUtilities.RemoveQuotes(field.Name).Value ?? "";
                if (name != "file")
                {
                    fields[name] = await TextAsync(section, name, context.RequestAborted).ConfigureAwait(false);
                    continue;
                }
                if (file is not null)
                {
                    throw ApiException.Invalid("file", "An upload has one field \"file\"; send each file by itself.");
                }
                long written = await area.WriteAsync(id, section.Body, options.MaximumFileBytes, context.RequestAborted).ConfigureAwait(false)
                    ?? throw TooLarge();
                file = (FileName.Of(field.FileNameStar.HasValue ? field.FileNameStar.Value : HeaderUtilities.RemoveQuotes(field.FileName).Value), written);
            }
            StoredFile stored = Check(id, file, fields);
            await database.Files.AddAsync(stored, context.RequestAborted).ConfigureAwait(false);
            kept = true;
            return stored;
        }
        catch (BadHttpRequestException wrong) when (wrong.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw TooLarge();
        }
        catch (EndOfStreamException)
        {
            throw Broken();
        }
        catch (IOException wrong) when (wrong is not (BadHttpRequestException or DatabaseException))
        {
            throw new ApiException(StatusCodes.Status507InsufficientStorage, "The server's disk has no room for the file; nothing of it was kept.", "server_error", code: "storage_full");
        }
        finally
        {
            if (!kept)
            {
                await ForgetAsync(id).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Removes the bytes, unless the record was committed before something else went wrong.</summary>
    private async Task ForgetAsync(string id)
    {
        if (await database.Files.FindAsync(id, CancellationToken.None).ConfigureAwait(false) is null)
        {
            File.Delete(area.Path(id));
        }
    }

    private StoredFile Check(string id, (string Name, long Bytes)? file, Dictionary<string, string> fields)
    {
        if (file is not (string name, long bytes))
        {
            throw ApiException.Invalid("file", "The form has no field \"file\".", "missing_required_parameter");
        }
        if (!fields.TryGetValue("purpose", out string? purpose))
        {
            throw ApiException.Invalid("purpose", "The form has no field \"purpose\"; give one of " + string.Join(", ", s_purposes) + ".", "missing_required_parameter");
        }
        if (!s_purposes.Contains(purpose, StringComparer.Ordinal))
        {
            throw ApiException.Invalid("purpose", $"\"{purpose}\" is no purpose of a file; give one of {string.Join(", ", s_purposes)}.");
        }
        foreach (string unknown in fields.Keys.Except(["purpose", "expires_after[anchor]", "expires_after[seconds]"], StringComparer.Ordinal))
        {
            throw ApiException.Invalid(unknown, $"Unrecognized request argument supplied: {unknown}", "unknown_parameter");
        }
        if (bytes == 0)
        {
            throw ApiException.Invalid("file", "The file is empty.", "invalid_file");
        }
        DateTimeOffset now = database.Clock.GetUtcNow();
        return new StoredFile(id, name, purpose, bytes, now, Expiry(fields, now));
    }

    private static DateTimeOffset? Expiry(Dictionary<string, string> fields, DateTimeOffset now)
    {
        if (!fields.TryGetValue("expires_after[seconds]", out string? text))
        {
            return null;
        }
        if (fields.GetValueOrDefault("expires_after[anchor]") != "created_at")
        {
            throw ApiException.Invalid("expires_after[anchor]", "A file's expiry is counted from \"created_at\".");
        }
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) && seconds is >= 3600 and <= 2_592_000
            ? now.AddSeconds(seconds)
            : throw ApiException.Invalid("expires_after[seconds]", "A file expires after 3600 to 2592000 seconds.");
    }

    private ApiException TooLarge() => new(
        StatusCodes.Status413PayloadTooLarge, FormattableString.Invariant($"The file is larger than {options.MaximumFileBytes} bytes, the most that this server takes."), parameter: "file", code: "file_too_large");

    private static ApiException Broken() => ApiException.Invalid(null, "The form ends early or is not multipart/form-data; nothing of it was kept.", "invalid_request");

    private static async Task<MultipartSection?> NextAsync(MultipartReader reader, CancellationToken cancellation)
    {
        try
        {
            return await reader.ReadNextSectionAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception wrong) when (wrong is InvalidDataException || (wrong is IOException and not BadHttpRequestException))
        {
            throw Broken();
        }
    }

    private static async Task<string> TextAsync(MultipartSection section, string name, CancellationToken cancellation)
    {
        byte[] bytes = new byte[LongestField + 1];
        int length = await section.Body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
        return length <= LongestField
            ? Encoding.UTF8.GetString(bytes, 0, length)
            : throw ApiException.Invalid(name.Length <= 64 ? name : null, FormattableString.Invariant($"A field of the form is longer than {LongestField} bytes."));
    }
}
