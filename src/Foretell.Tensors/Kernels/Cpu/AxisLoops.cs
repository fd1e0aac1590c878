namespace Foretell.Tensors.Kernels.Cpu;

/// <summary>
/// The axes that element-wise work really has to walk over: those of length 1 left out, neighbours that every operand
/// lays out as one run joined. Axes are counted from the outermost, at most four.
/// </summary>
internal struct AxisLoops
{
    private const int Most = Shape.MaximumRank;

    private Table _table;

    /// <summary>Number of axes that are left, at least 1.</summary>
    public int Rank { get; private set; }

    public long Elements { get; private set; }

    public readonly int Last => Rank - 1;

    /// <param name="a">Operand 0; all have one shape.</param>
    /// <param name="b">Operand 1; where there is none, operand 0 again.</param>
    /// <param name="c">Operand 2, the result.</param>
    /// <param name="inOrder">Whether the axes must stay in their order; else the result's strides sort them, widest first.</param>
    public AxisLoops(StridedView a, StridedView b, StridedView c, bool inOrder)
    {
        Elements = 1;
        for (int axis = 0; axis < Most; axis++)
        {
            int length = a.Length(axis);
            Elements *= length;
            if (length != 1)
            {
                int place = Rank++;
                // The result's strides fall towards the last axis, so that writes run through memory.
                while (!inOrder && place > 0 && Stride(2, place - 1) < c.Stride(axis))
                {
                    Move(place - 1, place);
                    place--;
                }
                Set(place, length, a.Stride(axis), b.Stride(axis), c.Stride(axis));
            }
        }
        if (Rank == 0)
        {
            Rank = 1;
            Set(0, 1, 1, 1, 1);
        }
        Join();
    }

    public readonly int Length(int axis) => (int)_table[axis];

    /// <summary>Elements between neighbours of an operand along an axis.</summary>
    public readonly long Stride(int operand, int axis) => _table[Most + operand * Most + axis];

    private void Set(int axis, long length, long a, long b, long c)
    {
        _table[axis] = length;
        _table[Most + axis] = a;
        _table[2 * Most + axis] = b;
        _table[3 * Most + axis] = c;
    }

    private void Move(int from, int to)
    {
        for (int entry = 0; entry < 4; entry++)
        {
            _table[entry * Most + to] = _table[entry * Most + from];
        }
    }

    private void Join()
    {
        int kept = 0;
        for (int axis = 1; axis < Rank; axis++)
        {
            bool joins = Length(kept) * (long)Length(axis) <= int.MaxValue;
            for (int operand = 0; operand < 3; operand++)
            {
                joins &= Stride(operand, kept) == Stride(operand, axis) * Length(axis);
            }
            long length = joins ? Length(kept) * (long)Length(axis) : Length(axis);
            if (!joins)
            {
                kept++;
            }
            Move(axis, kept);
            _table[kept] = length;
        }
        Rank = kept + 1;
    }

    [System.Runtime.CompilerServices.InlineArray(4 * Most)]
    private struct Table
    {
        private long _first;
    }
}
