namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>
/// A right operand in an engine's own layout, packed once and multiplied many times: a layer's weights.
/// Owns its memory.
/// </summary>
internal sealed unsafe class PackedRight : IDisposable
{
    private readonly AlignedMemory _memory;

    /// <param name="engine">Whose layout it is.</param>
    /// <param name="depth">Rows of the operand.</param>
    /// <param name="columns">Columns of the operand.</param>
    public PackedRight(MatrixEngine engine, int depth, int columns)
    {
        Engine = engine;
        Depth = depth;
        Columns = columns;
        _memory = new AlignedMemory(engine.RightBytes(depth, columns));
    }

    public MatrixEngine Engine { get; }

    public int Depth { get; }

    public int Columns { get; }

    /// <summary>Bytes held.</summary>
    public long Bytes => _memory.Bytes;

    public byte* Pointer => _memory.Pointer;

    /// <summary>Packs <paramref name="source"/> anew, as when the weights have changed.</summary>
    /// <param name="source">[depth, columns], or [columns, depth] when <paramref name="transposed"/>.</param>
    /// <param name="transposed">Whether the operand is the source's transpose.</param>
    /// <param name="pool">Who packs.</param>
    public void Pack(MatrixView source, bool transposed, WorkerPool pool)
    {
        (int depth, int columns) = transposed ? (source.Columns, source.Rows) : (source.Rows, source.Columns);
        if (depth != Depth || columns != Columns)
        {
            throw new ArgumentException($"This packed operand is [{Depth}, {Columns}]; the source is [{depth}, {columns}].", nameof(source));
        }
        MatrixProduct.PackRight(Engine, pool, source, transposed, Pointer);
    }

    public void Dispose() => _memory.Dispose();
}
