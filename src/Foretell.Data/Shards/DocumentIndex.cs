using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Foretell.Data;

/// <summary>
/// Where a document begins: in its split's stream, and in the shards' common token axis. An index file is one of these a
/// document and a last one with the split's length, so that a length is the difference of two neighbours.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct DocumentStart(long InStream, long InShards)
{
    public const int Bytes = 16;

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64LittleEndian(destination, InStream);
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], InShards);
    }
}

/// <summary>Writes the documents of one split as they come, with the running counts that the manifest wants.</summary>
internal sealed class DocumentIndexWriter(string path) : IDisposable
{
    private readonly HashedFile _file = new(path);

    public long Documents { get; private set; }

    public long Tokens { get; private set; }

    public long TextBytes { get; private set; }

    public void Add(long startInShards, long tokens, long textBytes)
    {
        Append(new DocumentStart(Tokens, startInShards));
        Documents++;
        Tokens += tokens;
        TextBytes += textBytes;
    }

    public SplitSize Finish()
    {
        Append(new DocumentStart(Tokens, 0));
        return new SplitSize(Documents, Tokens, TextBytes, _file.Finish());
    }

    public void Dispose() => _file.Dispose();

    private void Append(DocumentStart start)
    {
        Span<byte> bytes = stackalloc byte[DocumentStart.Bytes];
        start.Write(bytes);
        _file.Write(bytes);
    }
}
