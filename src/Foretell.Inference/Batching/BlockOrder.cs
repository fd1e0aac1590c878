namespace Foretell.Inference;

/// <summary>Some of the blocks in an order of their own: a doubly linked list in two arrays, every operation in constant time.</summary>
internal sealed class BlockOrder
{
    private readonly int[] _next;
    private readonly int[] _previous;
    private readonly int _ends;

    /// <param name="blocks">Ids are in [0, blocks).</param>
    public BlockOrder(int blocks)
    {
        _next = new int[blocks + 1];
        _previous = new int[blocks + 1];
        _ends = blocks;
        _next[_ends] = _previous[_ends] = _ends;
    }

    public int Count { get; private set; }

    public void AddFirst(int block) => Insert(block, _ends, _next[_ends]);

    public void AddLast(int block) => Insert(block, _previous[_ends], _ends);

    public int RemoveFirst()
    {
        int block = _next[_ends];
        if (block == _ends)
        {
            throw new InvalidOperationException("There is no free block.");
        }
        Remove(block);
        return block;
    }

    public void Remove(int block)
    {
        _next[_previous[block]] = _next[block];
        _previous[_next[block]] = _previous[block];
        Count--;
    }

    private void Insert(int block, int before, int after)
    {
        _previous[block] = before;
        _next[block] = after;
        _next[before] = block;
        _previous[after] = block;
        Count++;
    }
}
