namespace Foretell.Tensors.Kernels.Cpu.Matrix;

/// <summary>Row-major elements that someone else owns: [<see cref="Rows"/>, <see cref="Columns"/>], neighbours in a row adjacent.</summary>
internal readonly unsafe struct MatrixView
{
    /// <param name="pointer">The first element; may be null when the view is empty.</param>
    /// <param name="type"><see cref="DType.Float32"/> or <see cref="DType.BFloat16"/>.</param>
    /// <param name="rows">Zero or more.</param>
    /// <param name="columns">Zero or more.</param>
    /// <param name="stride">Elements from one row to the next, at least <paramref name="columns"/>.</param>
    public MatrixView(void* pointer, DType type, int rows, int columns, long stride)
    {
        if (type is not (DType.Float32 or DType.BFloat16))
        {
            throw new ArgumentException($"A matrix product takes Float32 or BFloat16 elements, not {type}.", nameof(type));
        }
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, columns);
        Pointer = (byte*)pointer;
        Type = type;
        Rows = rows;
        Columns = columns;
        Stride = stride;
    }

    public MatrixView(float* pointer, int rows, int columns)
        : this(pointer, DType.Float32, rows, columns, columns)
    {
    }

    public byte* Pointer { get; }

    public DType Type { get; }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>Elements between rows.</summary>
    public long Stride { get; }

    /// <summary>Bytes between rows.</summary>
    public long RowBytes => Stride * Type.Size();

    public bool IsEmpty => Rows == 0 || Columns == 0;

    public byte* At(int row, int column) => Pointer + row * RowBytes + (long)column * Type.Size();

    /// <summary>A window into this view; no copy.</summary>
    public MatrixView Slice(int row, int rows, int column, int columns) =>
        new(At(row, column), Type, rows, columns, Stride);

    public override string ToString() => $"{Type}[{Rows}, {Columns}]";
}
