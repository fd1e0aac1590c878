namespace Foretell.Data;

/// <summary><see cref="SamplingMode.Packed"/>: row r holds the tokens r x ContextLength and on of all epochs laid end to end.</summary>
internal sealed class PackedSampler(TokenSplit split, SamplerOptions options) : TokenSequenceSampler(split, options)
{
    private readonly Lock _lock = new();
    private EpochOrder? _recent;
    private EpochOrder? _before;

    public override double RowsPerEpoch => (double)Split.TokenCount / Options.ContextLength;

    private protected override void AddRow(long row, BatchBuilder batch)
    {
        long position = checked(row * Options.ContextLength);
        int left = Options.ContextLength;
        while (left > 0)
        {
            EpochOrder epoch = Epoch(position / Split.TokenCount);
            (long place, long start) = epoch.Locate(position % Split.TokenCount);
            for (long offset = (position % Split.TokenCount) - start; left > 0 && place < Split.DocumentCount; place++, offset = 0)
            {
                long document = epoch.DocumentAt(place);
                int count = (int)Math.Min(left, Split.DocumentLength(document) - offset);
                batch.AddDocument(document, offset, count);
                left -= count;
                position += count;
            }
        }
    }

    /// <summary>The order of an epoch; the last two are kept, since a batch can lie across an epoch's end.</summary>
    private EpochOrder Epoch(long number)
    {
        lock (_lock)
        {
            if (_recent?.Number != number)
            {
                (_recent, _before) = (_before?.Number == number ? _before : new EpochOrder(Split, Options.Seed, number), _recent);
            }
            return _recent!;
        }
    }
}
