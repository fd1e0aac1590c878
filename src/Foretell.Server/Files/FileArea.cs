using Foretell.Server.Storage;
using Foretell.Tensors.Files;

namespace Foretell.Server.Files;

/// <summary>
/// The bytes of files, each under its identifier: no name that a client chose ever reaches the disk. A file is written
/// beside, flushed and renamed before its record is, and deleted after its record was, so that every record has its bytes;
/// what a crash leaves over is swept away at the next start.
/// </summary>
internal sealed class FileArea(DataFolder data, Database database)
{
    private const string Partial = ".partial";

    /// <summary>Where a file lies.</summary>
    public string Path(string id) => System.IO.Path.Combine(data.Files, id);

    /// <summary>Writes a file that is not known yet: nobody finds it before its record is added.</summary>
    /// <param name="limit">The most bytes.</param>
    /// <exception cref="EndOfStreamException">The source broke off; nothing is left.</exception>
    /// <exception cref="IOException">The disk has no room; nothing is left.</exception>
    /// <returns>Bytes written; null, and nothing is left, when there are more than the limit.</returns>
    public async Task<long?> WriteAsync(string id, Stream source, long limit, CancellationToken cancellation)
    {
        string partial = Path(id) + Partial;
        long written = 0;
        try
        {
            await using (var file = new FileStream(partial, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, useAsync: true))
            {
                byte[] buffer = new byte[1 << 16];
                for (int read; (read = await ReadAsync(source, buffer, cancellation).ConfigureAwait(false)) > 0;)
                {
                    written += read;
                    if (written > limit)
                    {
                        break;
                    }
                    await file.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
                }
                file.Flush(flushToDisk: true);
            }
            if (written > limit)
            {
                File.Delete(partial);
                return null;
            }
            File.Move(partial, Path(id));
            FolderEntries.Flush(data.Files);
            return written;
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }

    /// <summary>Removes a file and its record.</summary>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> DeleteAsync(string id, CancellationToken cancellation)
    {
        if (!await database.Files.DeleteAsync(id, cancellation).ConfigureAwait(false))
        {
            return false;
        }
        File.Delete(Path(id));
        return true;
    }

    /// <summary>Removes files whose time has come.</summary>
    public async Task ExpireAsync(CancellationToken cancellation)
    {
        foreach (StoredFile file in await database.Files.ExpiredAsync(database.Clock.GetUtcNow(), cancellation).ConfigureAwait(false))
        {
            await DeleteAsync(file.Id, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Removes bytes without a record, which only a crash leaves: called before anyone writes.</summary>
    public async Task SweepAsync(CancellationToken cancellation)
    {
        foreach (string path in Directory.EnumerateFiles(data.Files))
        {
            if (await database.Files.FindAsync(System.IO.Path.GetFileName(path), cancellation).ConfigureAwait(false) is null)
            {
                File.Delete(path);
            }
        }
    }

    private static async ValueTask<int> ReadAsync(Stream source, byte[] buffer, CancellationToken cancellation)
    {
        try
        {
            return await source.ReadAsync(buffer, cancellation).ConfigureAwait(false);
        }
        catch (IOException wrong) when (wrong is not Microsoft.AspNetCore.Http.BadHttpRequestException)
        {
            throw new EndOfStreamException(wrong.Message, wrong);
        }
    }
}
