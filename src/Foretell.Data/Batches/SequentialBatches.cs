namespace Foretell.Data;

/// <summary>
/// The validation view of a split: all of it, or its first tokens, once and in corpus order, so that every validation sees the
/// same rows. The last row is padded with weight 0; the last batch may have fewer rows, and a batch without any target is left out.
/// </summary>
public static class SequentialBatches
{
    /// <summary>The batches. Under <see cref="SamplingMode.Packed"/> documents do not see each other; under the window modes the stream is cut into rows of one segment, each token but the first a target once.</summary>
    /// <param name="split">What to go through.</param>
    /// <param name="options">The shape and the mode; the seed plays no part.</param>
    /// <param name="maximumTokens">How many of the split's first tokens to use, at least 2; null for all.</param>
    /// <exception cref="CorpusException">The split has fewer than 2 tokens.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static IEnumerable<Batch> Of(TokenSplit split, SamplerOptions options, long? maximumTokens = null)
    {
        long tokens = Math.Min(split.TokenCount, maximumTokens ?? long.MaxValue);
        options.Validate(split, fewestTokens: 2);
        return maximumTokens is not < 2
            ? Rows(split, options, tokens)
            : throw new ArgumentException(FormattableString.Invariant($"{maximumTokens} tokens of the {split.Name} split were asked for; at least 2 make a target."));
    }

    private static IEnumerable<Batch> Rows(TokenSplit split, SamplerOptions options, long tokens)
    {
        bool isPacked = options.Mode == SamplingMode.Packed;
        long inputs = isPacked ? tokens : tokens - 1;
        long rows = ((inputs - 1) / options.ContextLength) + 1;
        for (long firstRow = 0; firstRow < rows; firstRow += options.Rows)
        {
            int count = (int)Math.Min(options.Rows, rows - firstRow);
            var batch = new BatchBuilder(split, count, options.ContextLength, isPacked && options.StartWithEndOfText);
            long position = firstRow * options.ContextLength;
            long end = Math.Min(inputs, position + ((long)count * options.ContextLength));
            while (position < end)
            {
                int room = (int)Math.Min(batch.RoomInRow, end - position);
                if (isPacked)
                {
                    long document = split.DocumentAt(position);
                    long offset = position - split.DocumentStartInStream(document);
                    room = (int)Math.Min(room, split.DocumentLength(document) - offset);
                    batch.AddDocument(document, offset, room);
                }
                else
                {
                    batch.AddWindow(position, room);
                }
                position += room;
            }
            if (!batch.IsFull)
            {
                batch.PadRow();
            }
            if (batch.HasTargets)
            {
                yield return batch.Build(firstRow);
            }
        }
    }
}
