namespace Foretell.Inference;

/// <summary>Bytes that a grammar never tells apart are one class, so that tables have few columns.</summary>
internal sealed class ByteClasses
{
    private readonly byte[] _classOf = new byte[256];
    private readonly byte[] _representatives;

    public ByteClasses(IEnumerable<ByteSet> sets)
    {
        int count = 1;
        Span<int> split = stackalloc int[256];
        Span<bool> firstIsInside = stackalloc bool[256];
        Span<bool> isSeen = stackalloc bool[256];
        foreach (ByteSet set in sets)
        {
            split.Fill(-1);
            // A class with members inside and outside the set is split: those that are unlike its first member move.
            isSeen.Clear();
            for (int value = 0; value < 256; value++)
            {
                byte old = _classOf[value];
                bool isInside = set.Contains((byte)value);
                if (!isSeen[old])
                {
                    isSeen[old] = true;
                    firstIsInside[old] = isInside;
                }
                else if (isInside != firstIsInside[old])
                {
                    if (split[old] < 0)
                    {
                        split[old] = count++;
                    }
                    _classOf[value] = (byte)split[old];
                    isSeen[split[old]] = true;
                    firstIsInside[split[old]] = isInside;
                }
            }
        }
        _representatives = new byte[count];
        for (int value = 255; value >= 0; value--)
        {
            _representatives[_classOf[value]] = (byte)value;
        }
    }

    public int Count => _representatives.Length;

    /// <summary>[256] the class of each byte.</summary>
    public ReadOnlySpan<byte> ClassOf => _classOf;

    /// <summary>[class] its smallest byte.</summary>
    public ReadOnlySpan<byte> Representatives => _representatives;

    /// <summary>Whether the class holds one byte only.</summary>
    public bool IsSingle(int index) => _classOf.AsSpan().Count((byte)index) == 1;
}
