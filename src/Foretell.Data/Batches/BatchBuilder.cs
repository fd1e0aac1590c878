namespace Foretell.Data;

/// <summary>Fills the arrays of a batch from the left, stretch by stretch.</summary>
internal sealed class BatchBuilder(TokenSplit split, int rows, int contextLength, bool startWithEndOfText)
{
    private readonly int[] _tokens = new int[rows * contextLength];
    private readonly int[] _targets = new int[rows * contextLength];
    private readonly float[] _weights = new float[rows * contextLength];
    private readonly int[] _positions = new int[rows * contextLength];
    private readonly List<Segment> _segments = [];
    private readonly int _meaningless = split.EndOfTextId ?? 0;
    private int _filled;

    public bool IsFull => _filled == _tokens.Length;

    /// <summary>Whether any target is trained.</summary>
    public bool HasTargets => _weights.AsSpan().ContainsAnyExcept(0f);

    public int RoomInRow => contextLength - (_filled % contextLength);

    /// <summary>Inputs <paramref name="offset"/>.. of a document, as one segment.</summary>
    public void AddDocument(long document, long offset, int count)
    {
        bool reachesEnd = offset + count == split.DocumentLength(document);
        Span<int> tokens = _tokens.AsSpan(_filled, count), targets = _targets.AsSpan(_filled, count);
        if (startWithEndOfText)
        {
            split.ReadDocument(document, offset, targets);
            tokens[0] = _meaningless;
            split.ReadDocument(document, Math.Max(0, offset - 1), offset == 0 ? tokens[1..] : tokens);
            Add(count, trained: count);
            return;
        }
        split.ReadDocument(document, offset, tokens);
        split.ReadDocument(document, offset + 1, reachesEnd ? targets[..^1] : targets);
        if (reachesEnd)
        {
            targets[^1] = _meaningless;
        }
        Add(count, trained: reachesEnd ? count - 1 : count);
    }

    /// <summary>Inputs <paramref name="position"/>.. of the stream, as one segment whatever documents it crosses; the stream holds one token more.</summary>
    public void AddWindow(long position, int count)
    {
        split.ReadStream(position, _tokens.AsSpan(_filled, count));
        split.ReadStream(position + 1, _targets.AsSpan(_filled, count));
        Add(count, trained: count);
    }

    /// <summary>Fills the row up with tokens that nothing is learned from.</summary>
    public void PadRow()
    {
        int count = RoomInRow;
        _tokens.AsSpan(_filled, count).Fill(_meaningless);
        _targets.AsSpan(_filled, count).Fill(_meaningless);
        Add(count, trained: 0);
    }

    /// <param name="firstRow">The number of the batch's first row, for the message.</param>
    /// <exception cref="CorpusException">No target has a weight.</exception>
    public Batch Build(long firstRow)
    {
        return HasTargets
            ? new Batch { Tokens = _tokens, Targets = _targets, Weights = _weights, Positions = _positions, Segments = [.. _segments], Rows = rows, ContextLength = contextLength }
            : throw new CorpusException(FormattableString.Invariant($"Rows {firstRow} to {firstRow + rows - 1} of the {split.Name} split hold no target to train on, only ends of documents; use a longer context or more rows a batch."));
    }

    private void Add(int count, int trained)
    {
        _segments.Add(new Segment(_filled, count));
        _weights.AsSpan(_filled, trained).Fill(1);
        for (int position = 0; position < count; position++)
        {
            _positions[_filled + position] = position;
        }
        _filled += count;
    }
}
