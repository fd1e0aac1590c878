namespace Foretell.Data;

/// <summary>
/// The training view of a split: endless batches, of which any is a pure function of the options and its number, so that a
/// resumed run needs nothing but its step. Safe to use from many threads.
/// </summary>
public abstract class TokenSequenceSampler
{
    private protected TokenSequenceSampler(TokenSplit split, SamplerOptions options)
    {
        options.Validate(split);
        Split = split;
        Options = options;
    }

    public TokenSplit Split { get; }

    public SamplerOptions Options { get; }

    /// <summary>Rows in which every token or window has had its turn once; not whole in general. For random windows: as many as hold the split's number of tokens.</summary>
    public abstract double RowsPerEpoch { get; }

    /// <exception cref="CorpusException">The split is shorter than one context.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static TokenSequenceSampler Create(TokenSplit split, SamplerOptions options) => options.Mode switch
    {
        SamplingMode.Packed => new PackedSampler(split, options),
        SamplingMode.RandomWindows => new RandomWindowSampler(split, options),
        SamplingMode.StridedWindows => new StridedWindowSampler(split, options),
        _ => throw new ArgumentException($"{options.Mode} is not a sampling mode."),
    };

    /// <summary>The batch of step <paramref name="step"/>, from 0: rows step x Rows and on.</summary>
    /// <exception cref="CorpusException">No target of the batch would be trained.</exception>
    public Batch At(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        long firstRow = checked(step * Options.Rows);
        var batch = new BatchBuilder(Split, Options.Rows, Options.ContextLength, Options.StartWithEndOfText);
        for (int row = 0; row < Options.Rows; row++)
        {
            AddRow(firstRow + row, batch);
        }
        return batch.Build(firstRow);
    }

    private protected abstract void AddRow(long row, BatchBuilder batch);
}
