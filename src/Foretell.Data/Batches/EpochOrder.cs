namespace Foretell.Data;

/// <summary>
/// The documents of a split in one epoch's order, laid end to end. The order is a keyed permutation without a table, and only
/// every 256th document's start is kept: 8 bytes of memory for 256 documents.
/// </summary>
internal sealed class EpochOrder
{
    private const int MarkEvery = 256;
    private readonly TokenSplit _split;
    private readonly FeistelPermutation _order;
    private readonly long[] _marks;

    public EpochOrder(TokenSplit split, ulong seed, long number)
    {
        _split = split;
        Number = number;
        _order = new FeistelPermutation(split.DocumentCount, SplitMix64.Mix(seed, (ulong)number));
        _marks = new long[(split.DocumentCount + MarkEvery - 1) / MarkEvery];
        long start = 0;
        for (long place = 0; place < split.DocumentCount; place++)
        {
            if (place % MarkEvery == 0)
            {
                _marks[place / MarkEvery] = start;
            }
            start += split.DocumentLength(_order[place]);
        }
    }

    public long Number { get; }

    public long DocumentAt(long place) => _order[place];

    /// <summary>The place in the order of the document that token <paramref name="position"/> of the epoch is in, and where that document begins.</summary>
    public (long Place, long Start) Locate(long position)
    {
        int found = Array.BinarySearch(_marks, position);
        int mark = found >= 0 ? found : ~found - 1;
        long place = (long)mark * MarkEvery, start = _marks[mark];
        while (_split.DocumentLength(_order[place]) is var length && start + length <= position)
        {
            start += length;
            place++;
        }
        return (place, start);
    }
}
