using System.Security.Cryptography;

namespace Foretell.Data;

/// <summary>A file being written whose SHA-256 is known when it is finished; finished means flushed to the disk.</summary>
internal sealed class HashedFile(string path) : IDisposable
{
    private readonly FileStream _file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _length;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        _file.Write(bytes);
        _hash.AppendData(bytes);
        _length += bytes.Length;
    }

    public ShardFile Finish()
    {
        _file.Flush(flushToDisk: true);
        return new ShardFile(Path.GetFileName(path), _length, Convert.ToHexStringLower(_hash.GetHashAndReset()));
    }

    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
    }

    /// <summary>Lower-case hexadecimal SHA-256 of a file, read as a stream.</summary>
    public static string Sha256(string path, Action<int>? bytesRead, CancellationToken cancellation)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        while (file.Read(buffer) is > 0 and int count)
        {
            cancellation.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, count);
            bytesRead?.Invoke(count);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
