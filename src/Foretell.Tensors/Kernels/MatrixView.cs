namespace Foretell.Tensors.Kernels;

/// <summary>A matrix in memory as kernels see it: rows of equal length a fixed distance apart; elements of a row are adjacent.</summary>
/// <param name="pointer">The first element.</param>
/// <param name="type">What the elements are.</param>
/// <param name="rows">Number of rows.</param>
/// <param name="columns">Elements of a row.</param>
/// <param name="stride">Elements from one row's start to the next's.</param>
public readonly unsafe struct MatrixView(void* pointer, DType type, int rows, int columns, long stride)
{
    /// <summary>Stands where an optional operand is left out.</summary>
    public static MatrixView None => default;

    /// <summary>Single-precision rows without gaps.</summary>
    public MatrixView(float* pointer, int rows, int columns)
        : this(pointer, DType.Float32, rows, columns, columns)
    {
    }

    public byte* Pointer { get; } = (byte*)pointer;

    public DType Type { get; } = type;

    public int Rows { get; } = rows;

    public int Columns { get; } = columns;

    public long Stride { get; } = stride;

    public bool IsNone => Pointer == null;

    public bool IsEmpty => Rows == 0 || Columns == 0;

    /// <summary>Bytes between rows.</summary>
    public long RowBytes => Type.Bytes(Stride);

    public byte* At(int row, int column) => Pointer + row * RowBytes + Type.Bytes(column);

    /// <summary>A window into this view; no copy.</summary>
    public MatrixView Slice(int row, int rows, int column, int columns) => new(At(row, column), Type, rows, columns, Stride);

    /// <summary>Elements of row <paramref name="row"/>.</summary>
    public Span<T> Row<T>(int row)
        where T : unmanaged => new((T*)Pointer + row * Stride, Columns);

    /// <summary>Pointer to the start of row <paramref name="row"/>.</summary>
    public float* FloatRow(int row) => (float*)Pointer + row * Stride;

    /// <summary>Rows [start, start + count) of this matrix.</summary>
    public MatrixView RowRange(int start, int count) =>
        new(Pointer + start * RowBytes, Type, count, Columns, Stride);

    public override string ToString() => $"{Type}[{Rows}, {Columns}]";
}

/// <summary>Up to four axes in memory, any distance between neighbours along each (0 repeats an element): what broadcasting and copies walk over.</summary>
public readonly unsafe struct StridedView(void* pointer, DType type, Shape shape, ReadOnlySpan<long> strides)
{
    private readonly Strides _strides = Strides.From(shape, strides);

    public void* Pointer { get; } = pointer;

    public DType Type { get; } = type;

    public Shape Shape { get; } = shape;

    /// <summary>Length of an axis after padding the shape with leading axes of length 1 to four.</summary>
    public int Length(int paddedAxis)
    {
        int axis = paddedAxis - (Shape.MaximumRank - Shape.Rank);
        return axis < 0 ? 1 : Shape[axis];
    }

    /// <summary>Elements between neighbours along an axis of the padded shape.</summary>
    public long Stride(int paddedAxis) => _strides[paddedAxis];

    [System.Runtime.CompilerServices.InlineArray(Shape.MaximumRank)]
    private struct Strides
    {
        private long _first;

        public static Strides From(Shape shape, ReadOnlySpan<long> strides)
        {
            Strides padded = default;
            for (int axis = 0; axis < shape.Rank; axis++)
            {
                padded[Shape.MaximumRank - shape.Rank + axis] = strides[axis];
            }
            return padded;
        }
    }
}
