namespace Foretell.Data;

/// <summary>One split of <see cref="TokenShards"/>: its documents, and the stream of all their tokens in corpus order.</summary>
public sealed class TokenSplit
{
    private readonly MappedFile[] _shards;
    private readonly MappedFile _index;
    private readonly long _shardTokens;
    private readonly int _bytesPerToken;

    internal TokenSplit(string name, ShardManifest manifest, SplitSize size, MappedFile[] shards, MappedFile index)
    {
        Name = name;
        DocumentCount = size.Documents;
        TokenCount = size.Tokens;
        TextBytes = size.Bytes;
        EndOfTextId = manifest.EndOfTextId;
        VocabularySize = manifest.VocabularySize;
        _shardTokens = manifest.Options.ShardTokens;
        _bytesPerToken = manifest.BytesPerToken;
        _shards = shards;
        _index = index;
    }

    /// <summary>"train" or "validation".</summary>
    public string Name { get; }

    public long DocumentCount { get; }

    /// <summary>Tokens of all documents, the ends of text included.</summary>
    public long TokenCount { get; }

    /// <summary>Bytes of text of all documents: what bits per byte divide by.</summary>
    public long TextBytes { get; }

    public int? EndOfTextId { get; }

    public int VocabularySize { get; }

    /// <summary>The number of tokens of <paramref name="document"/>, its end of text included.</summary>
    public long DocumentLength(long document)
    {
        ReadOnlySpan<DocumentStart> starts = _index.Values<DocumentStart>(document, 2);
        return starts[1].InStream - starts[0].InStream;
    }

    /// <summary>Where <paramref name="document"/> begins in the split's stream; the document count gives the stream's length.</summary>
    public long DocumentStartInStream(long document) => Start(document).InStream;

    /// <summary>Copies tokens <paramref name="offset"/>, offset + 1, ... of <paramref name="document"/> to <paramref name="destination"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The document has no such tokens.</exception>
    public void ReadDocument(long document, long offset, Span<int> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + destination.Length, DocumentLength(document));
        ReadShards(Start(document).InShards + offset, destination);
    }

    /// <summary>Copies tokens <paramref name="position"/>, position + 1, ... of the stream to <paramref name="destination"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The stream has no such tokens.</exception>
    public void ReadStream(long position, Span<int> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position + destination.Length, TokenCount);
        for (long document = destination.IsEmpty ? 0 : DocumentAt(position); !destination.IsEmpty; document++)
        {
            long offset = position - DocumentStartInStream(document);
            int count = (int)Math.Min(destination.Length, DocumentLength(document) - offset);
            ReadDocument(document, offset, destination[..count]);
            destination = destination[count..];
            position += count;
        }
    }

    /// <summary>The document that token <paramref name="position"/> of the stream is in.</summary>
    public long DocumentAt(long position)
    {
        long low = 0, high = DocumentCount - 1;
        while (low < high)
        {
            long middle = low + ((high - low + 1) / 2);
            (low, high) = DocumentStartInStream(middle) <= position ? (middle, high) : (low, middle - 1);
        }
        return low;
    }

    private DocumentStart Start(long document) => _index.Values<DocumentStart>(document, 1)[0];

    private void ReadShards(long position, Span<int> destination)
    {
        while (!destination.IsEmpty)
        {
            long inShard = position % _shardTokens;
            int count = (int)Math.Min(destination.Length, _shardTokens - inShard);
            MappedFile shard = _shards[position / _shardTokens];
            if (_bytesPerToken == sizeof(ushort))
            {
                ReadOnlySpan<ushort> ids = shard.Values<ushort>(inShard, count);
                for (int index = 0; index < count; index++)
                {
                    destination[index] = ids[index];
                }
            }
            else
            {
                shard.Values<int>(inShard, count).CopyTo(destination);
            }
            destination = destination[count..];
            position += count;
        }
    }
}
