using System.Buffers.Binary;

namespace Foretell.Data;

/// <summary>Writes ids one after the other into shard files of equal length.</summary>
internal sealed class TokenWriter(string folder, int bytesPerToken, long shardTokens) : IDisposable
{
    private readonly List<ShardFile> _finished = [];
    private readonly byte[] _bytes = new byte[1 << 16];
    private HashedFile? _current;
    private long _room;

    /// <summary>Tokens written.</summary>
    public long Position { get; private set; }

    public void Write(ReadOnlySpan<int> ids)
    {
        while (!ids.IsEmpty)
        {
            if (_room == 0)
            {
                Close();
                _current = new HashedFile(Path.Combine(folder, FormattableString.Invariant($"tokens-{_finished.Count:D5}.bin")));
                _room = shardTokens;
            }
            int count = (int)Math.Min(_room, Math.Min(ids.Length, _bytes.Length / bytesPerToken));
            Convert(ids[..count]);
            _current!.Write(_bytes.AsSpan(0, count * bytesPerToken));
            Position += count;
            _room -= count;
            ids = ids[count..];
        }
    }

    public IReadOnlyList<ShardFile> Finish()
    {
        Close();
        return _finished;
    }

    public void Dispose() => _current?.Dispose();

    private void Close()
    {
        if (_current is not null)
        {
            _finished.Add(_current.Finish());
            _current.Dispose();
            _current = null;
        }
    }

    private void Convert(ReadOnlySpan<int> ids)
    {
        for (int index = 0; index < ids.Length; index++)
        {
            Span<byte> place = _bytes.AsSpan(index * bytesPerToken);
            if (bytesPerToken == sizeof(ushort))
            {
                BinaryPrimitives.WriteUInt16LittleEndian(place, (ushort)ids[index]);
            }
            else
            {
                BinaryPrimitives.WriteInt32LittleEndian(place, ids[index]);
            }
        }
    }
}
