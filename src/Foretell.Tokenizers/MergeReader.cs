using System.Runtime.CompilerServices;
using System.Text;

namespace Foretell.Tokenizers;

/// <summary>Collects merges, spelled in the byte alphabet or as they are, and looks up the tokens they join.</summary>
internal sealed class MergeReader(TokenTable tokens, int capacity, bool byteLevel = true)
{
    private readonly List<Merge> _merges = new(capacity);
    private byte[] _joined = new byte[512];

    public int Count => _merges.Count;

    /// <summary>A merge in the form "a b".</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void AddLine(ReadOnlySpan<byte> line)
    {
        int space = line.IndexOf((byte)' ');
        if (space <= 0 || space == line.Length - 1 || line[(space + 1)..].Contains((byte)' '))
        {
            throw new FormatException($"Merge {Count + 1} is '{Encoding.UTF8.GetString(line)}'; expected two tokens with one space between them.");
        }
        Add(line[..space], line[(space + 1)..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (_joined.Length < left.Length + right.Length)
        {
            _joined = new byte[2 * (left.Length + right.Length)];
        }
        int leftLength = Read(left, _joined);
        int rightLength = leftLength < 0 ? -1 : Read(right, _joined.AsSpan(leftLength));
        if (rightLength < 0)
        {
            throw Error(left, right, "is not spelled in the byte-level alphabet");
        }
        int leftId = tokens.Find(_joined.AsSpan(0, leftLength));
        int rightId = tokens.Find(_joined.AsSpan(leftLength, rightLength));
        int result = tokens.Find(_joined.AsSpan(0, leftLength + rightLength));
        if (leftId < 0 || rightId < 0 || result < 0)
        {
            throw Error(left, right, leftId < 0 ? "begins with a token that the vocabulary lacks"
                : rightId < 0 ? "ends with a token that the vocabulary lacks" : "makes a token that the vocabulary lacks");
        }
        _merges.Add(new Merge(leftId, rightId, result));
    }

    public MergeTable ToTable() => new(_merges);

    private int Read(ReadOnlySpan<byte> spelling, Span<byte> bytes)
    {
        if (byteLevel)
        {
            return ByteAlphabet.Read(spelling, bytes);
        }
        spelling.CopyTo(bytes);
        return spelling.Length;
    }

    private FormatException Error(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, string what) =>
        new($"Merge {Count + 1}, '{Encoding.UTF8.GetString(left)}' with '{Encoding.UTF8.GetString(right)}', {what}; the vocabulary and the merges do not belong together.");
}
