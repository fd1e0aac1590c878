using System.Buffers.Binary;

namespace Foretell.Data;

/// <summary>
/// The documents in the order of the shards, kept in a file until all are known; only then is it certain that either split
/// has one. Memory stays bounded whatever their number.
/// </summary>
internal sealed class DocumentLog(string path) : IDisposable
{
    private const int EntryBytes = 24;
    private readonly FileStream _file = new(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 1 << 16, FileOptions.DeleteOnClose);
    private ulong _lowestKey = ulong.MaxValue;
    private ulong _highestKey;

    public long Documents { get; private set; }

    public void Add(ulong key, long tokens, long textBytes)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(entry, key);
        BinaryPrimitives.WriteInt64LittleEndian(entry[8..], tokens);
        BinaryPrimitives.WriteInt64LittleEndian(entry[16..], textBytes);
        _file.Write(entry);
        _lowestKey = Math.Min(_lowestKey, key);
        _highestKey = Math.Max(_highestKey, key);
        Documents++;
    }

    /// <summary>Gives validation the documents whose key is in the lowest <paramref name="validationShare"/> of [0, 2^64), moved so far that neither split is empty.</summary>
    public void Part(double validationShare, DocumentIndexWriter train, DocumentIndexWriter validation)
    {
        bool isParted = validationShare > 0 && Documents > 1;
        bool areAllEqual = _lowestKey == _highestKey;
        ulong threshold = !isParted ? 0 : Math.Clamp((ulong)(validationShare * 18446744073709551616.0), _lowestKey + (areAllEqual ? 0UL : 1UL), _highestKey);
        _file.Position = 0;
        Span<byte> entry = stackalloc byte[EntryBytes];
        long start = 0;
        for (long document = 0; document < Documents; document++)
        {
            _file.ReadExactly(entry);
            ulong key = BinaryPrimitives.ReadUInt64LittleEndian(entry);
            long tokens = BinaryPrimitives.ReadInt64LittleEndian(entry[8..]);
            bool isValidation = isParted && (areAllEqual ? document == Documents - 1 : key < threshold);
            (isValidation ? validation : train).Add(start, tokens, BinaryPrimitives.ReadInt64LittleEndian(entry[16..]));
            start += tokens;
        }
    }

    public void Dispose() => _file.Dispose();
}
