using Foretell.Tensors.Kernels;

namespace Foretell.Tensors;

/// <summary>
/// An array of up to four axes over a block of memory. Views (slices, transposes, reshapes) share the block.
/// A tensor says nothing about how it was made: the <see cref="Autograd.Tape"/> that made it remembers.
/// </summary>
public sealed class Tensor
{
    private readonly long[] _strides;

    internal Tensor(Storage storage, long offset, DType type, Shape shape, long[]? strides = null)
    {
        Storage = storage;
        Offset = offset;
        Type = type;
        Shape = shape;
        _strides = strides ?? Contiguous(shape);
    }

    public Shape Shape { get; }

    public DType Type { get; }

    /// <summary>Elements between neighbours along each axis.</summary>
    public ReadOnlySpan<long> Strides => _strides;

    /// <summary>The memory that this tensor looks at.</summary>
    public Storage Storage { get; }

    /// <summary>Whether backpropagation computes this leaf's gradient into <see cref="Gradient"/>.</summary>
    public bool RequiresGradient => Gradient is not null;

    /// <summary>Where backpropagation adds the gradient of a leaf (a parameter), same shape; null for all other tensors.</summary>
    /// <exception cref="ArgumentException">The gradient's shape differs, it has gaps, or its type is not that of the computation: Float64 for Float64, else Float32.</exception>
    public Tensor? Gradient
    {
        get;
        set
        {
            DType wanted = Type == DType.Float64 ? DType.Float64 : DType.Float32;
            if (value is not null && (value.Shape != Shape || value.Type != wanted || !value.IsContiguous))
            {
                throw new ArgumentException($"The gradient of a tensor {this} must be {wanted} {Shape} without gaps between its elements; it was {value}{(value.IsContiguous ? "" : " with gaps")}.");
            }
            field = value;
        }
    }

    public Device Device => Storage.Device;

    internal long Offset { get; }

    /// <summary>Whether the elements lie in row-major order without gaps.</summary>
    public bool IsContiguous
    {
        get
        {
            if (Shape.ElementCount == 0)
            {
                return true;
            }
            long expected = 1;
            for (int axis = Shape.Rank - 1; axis >= 0; axis--)
            {
                if (Shape[axis] != 1 && _strides[axis] != expected)
                {
                    return false;
                }
                expected *= Shape[axis];
            }
            return true;
        }
    }

    private unsafe void* Pointer => (byte*)Storage.Pointer + Type.Bytes(Offset);

    /// <summary>The memory of a contiguous tensor of less than 2 GiB, as bytes.</summary>
    public unsafe ReadOnlySpan<byte> Bytes()
    {
        NeedContiguous();
        return new ReadOnlySpan<byte>(Pointer, checked((int)Type.Bytes(Shape.ElementCount)));
    }

    /// <summary>The memory of a contiguous tensor from a byte on, of any element type and size.</summary>
    /// <param name="offset">The first byte, counted from the tensor's first.</param>
    /// <param name="length">Bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range isn't inside the tensor.</exception>
    public unsafe ReadOnlySpan<byte> Bytes(long offset, int length)
    {
        NeedRange(offset, length);
        return new ReadOnlySpan<byte>((byte*)Pointer + offset, length);
    }

    /// <summary>Replaces bytes of a contiguous tensor, of any element type and size.</summary>
    /// <param name="offset">The first byte, counted from the tensor's first.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range isn't inside the tensor.</exception>
    /// <exception cref="InvalidOperationException">The memory is someone else's.</exception>
    public unsafe void WriteBytes(long offset, ReadOnlySpan<byte> bytes)
    {
        NeedRange(offset, bytes.Length);
        if (Storage.IsReadOnly)
        {
            throw new InvalidOperationException($"{this} lies in a mapped file, which is only read; copy it first.");
        }
        bytes.CopyTo(new Span<byte>((byte*)Pointer + offset, bytes.Length));
        Storage.Touch();
    }

    private void NeedRange(long offset, int length)
    {
        if (!IsContiguous)
        {
            throw new InvalidOperationException($"A tensor {Shape} with gaps between its elements has no bytes in one piece; copy it first.");
        }
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Type.Bytes(Shape.ElementCount) - length);
    }

    /// <summary>Another leaf over the same memory, with a gradient of its own.</summary>
    public Tensor Alias() => new(Storage, Offset, Type, Shape, _strides);

    /// <summary>The elements of a contiguous tensor.</summary>
    public unsafe Span<T> Span<T>()
        where T : unmanaged
    {
        NeedContiguous();
        bool fits = !Type.IsQuantized() && sizeof(T) == Type.Size() && (typeof(T) != typeof(float) || Type == DType.Float32) && (typeof(T) != typeof(int) || Type == DType.Int32);
        return fits
            ? new Span<T>(Pointer, checked((int)Shape.ElementCount))
            : throw new InvalidOperationException($"A tensor of {Type} has no span of {typeof(T).Name}.");
    }

    /// <summary>The elements of one row (all axes but the last counted together) of a contiguous tensor, which may be larger than a span.</summary>
    public Span<T> Row<T>(int row)
        where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Shape.RowCount, nameof(row));
        return IsContiguous
            ? new Tensor(Storage, Offset + (long)row * Shape.Last, Type, [Shape.Last]).Span<T>()
            : throw new InvalidOperationException($"A tensor {Shape} with gaps between its elements has no span; copy it first.");
    }

    /// <summary>Sets every element to zero (the tensor must be contiguous).</summary>
    public unsafe void Clear()
    {
        if (!IsContiguous)
        {
            throw new InvalidOperationException($"A tensor {Shape} with gaps between its elements cannot be cleared: what lies in the gaps is not its own.");
        }
        // By pieces: a span ends at 2^31 elements, a tensor may be larger in bytes.
        long bytes = Type.Bytes(Shape.ElementCount);
        for (long done = 0; done < bytes; done += 1 << 30)
        {
            new Span<byte>((byte*)Pointer + done, (int)Math.Min(1 << 30, bytes - done)).Clear();
        }
        Storage.Touch();
    }

    /// <summary>Replaces the elements, converting from single precision, in row-major order.</summary>
    public unsafe void CopyFrom(ReadOnlySpan<float> values)
    {
        if (values.Length != Shape.ElementCount)
        {
            throw new ArgumentException($"A tensor {Shape} takes {Shape.ElementCount} values; {values.Length} were given.");
        }
        switch (Type)
        {
            case DType.Float32:
                values.CopyTo(Span<float>());
                break;
            case DType.BFloat16:
                Span<ushort> halves = Span<ushort>();
                for (int i = 0; i < values.Length; i++)
                {
                    halves[i] = BFloat16Bits.From(values[i]);
                }
                break;
            case DType.Float64:
                Span<double> doubles = Span<double>();
                for (int i = 0; i < values.Length; i++)
                {
                    doubles[i] = values[i];
                }
                break;
            case DType.Float16:
                Span<Half> narrow = Span<Half>();
                for (int i = 0; i < values.Length; i++)
                {
                    narrow[i] = (Half)values[i];
                }
                break;
            case DType.Int32:
                throw new InvalidOperationException("Integers are not converted from floats.");
            default:
                NeedContiguous();
                long rowBytes = Type.Bytes(Shape.Last);
                for (int row = 0; row < Shape.RowCount; row++)
                {
                    QuantizedBlocks.Quantize(Type, values.Slice(row * Shape.Last, Shape.Last), new Span<byte>((byte*)Pointer + row * rowBytes, checked((int)rowBytes)));
                }
                break;
        }
        Storage.Touch();
    }

    /// <summary>A copy of the elements in single precision, in row-major order.</summary>
    public unsafe float[] ToArray()
    {
        float[] values = new float[Shape.ElementCount];
        if (Type.IsQuantized())
        {
            NeedContiguous();
            long rowBytes = Type.Bytes(Shape.Last);
            for (int row = 0; row < Shape.RowCount; row++)
            {
                QuantizedBlocks.Dequantize(Type, new ReadOnlySpan<byte>((byte*)Pointer + row * rowBytes, checked((int)rowBytes)), values.AsSpan(row * Shape.Last, Shape.Last));
            }
            return values;
        }
        fixed (float* destination = values)
        {
            PlainCopy.Run(Strided(), new StridedView(destination, DType.Float32, Shape, Contiguous(Shape)), accumulate: false);
        }
        return values;
    }

    private void NeedContiguous()
    {
        if (!IsContiguous)
        {
            throw new InvalidOperationException($"A tensor {Shape} with gaps between its elements has no span; copy it first.");
        }
    }

    /// <summary>The only element.</summary>
    public float Item() => Shape.ElementCount == 1 ? ToArray()[0] : throw new InvalidOperationException($"A tensor {Shape} is not a single number.");

    /// <summary>The same elements in another shape of as many elements; the tensor must be contiguous.</summary>
    internal Tensor Reshaped(Shape shape) => shape.ElementCount == Shape.ElementCount && IsContiguous
        ? new Tensor(Storage, Offset, Type, shape)
        : throw new ArgumentException($"reshape: {Shape} ({Shape.ElementCount} elements{(IsContiguous ? "" : ", not contiguous")}) cannot be seen as {shape} ({shape.ElementCount}).");

    /// <summary>Elements [start, start + length) along an axis, as a view.</summary>
    internal Tensor Sliced(int axis, int start, int length)
    {
        NeedAxis("slice", axis);
        if (start < 0 || length < 0 || start > Shape[axis] - length)
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"slice: [{start}, {start + length}) lies outside axis {axis} of {Shape}.");
        }
        Span<int> lengths = stackalloc int[Shape.Rank];
        Shape.CopyTo(lengths);
        lengths[axis] = length;
        return new Tensor(Storage, Offset + start * _strides[axis], Type, Shape.Create(lengths), [.. _strides]);
    }

    /// <summary>Two axes exchanged, as a view.</summary>
    internal Tensor Transposed(int first, int second)
    {
        NeedAxis("transpose", first);
        NeedAxis("transpose", second);
        Span<int> lengths = stackalloc int[Shape.Rank];
        Shape.CopyTo(lengths);
        long[] strides = [.. _strides];
        (lengths[first], lengths[second]) = (lengths[second], lengths[first]);
        (strides[first], strides[second]) = (strides[second], strides[first]);
        return new Tensor(Storage, Offset, Type, Shape.Create(lengths), strides);
    }

    /// <summary>This tensor repeated along axes of length 1 (and along missing leading axes) to <paramref name="shape"/>, as a view with stride 0 there.</summary>
    internal Tensor BroadcastTo(Shape shape)
    {
        for (int extra = 0; extra < Shape.Rank - shape.Rank; extra++)
        {
            if (Shape[extra] != 1)
            {
                throw new ArgumentException($"broadcast: {Shape} does not repeat to {shape}, which has fewer axes.");
            }
        }
        long[] strides = new long[shape.Rank];
        for (int axis = 0; axis < shape.Rank; axis++)
        {
            int own = axis - (shape.Rank - Shape.Rank);
            if (own >= 0 && Shape[own] == shape[axis])
            {
                strides[axis] = _strides[own];
            }
            else if (own >= 0 && Shape[own] != 1)
            {
                throw new ArgumentException($"broadcast: {Shape} does not repeat to {shape}: axis {axis} is {Shape[own]} against {shape[axis]}.");
            }
        }
        return new Tensor(Storage, Offset, Type, shape, strides);
    }

    /// <summary>As rows over all axes but the last, when the strides allow it.</summary>
    internal unsafe bool TryRows(out MatrixView rows)
    {
        rows = default;
        int columns = Shape.Last;
        if (Shape.Rank > 0 && columns > 1 && _strides[^1] != 1)
        {
            return false;
        }
        long stride = columns;
        int count = 1;
        bool first = true;
        for (int axis = Shape.Rank - 2; axis >= 0; axis--)
        {
            if (Shape[axis] == 1)
            {
                continue;
            }
            if (first)
            {
                stride = _strides[axis];
                first = false;
            }
            else if (_strides[axis] != stride * count)
            {
                return false;
            }
            count *= Shape[axis];
        }
        rows = new MatrixView(Pointer, Type, Shape.RowCount, columns, stride);
        return true;
    }

    internal unsafe StridedView Strided() => new(Pointer, Type, Shape, _strides);

    /// <summary>Refuses an axis that the tensor does not have.</summary>
    internal void NeedAxis(string operation, int axis)
    {
        if ((uint)axis >= (uint)Shape.Rank)
        {
            throw new ArgumentOutOfRangeException(nameof(axis), $"{operation}: {Shape} has no axis {axis}.");
        }
    }

    public override string ToString() => $"{Type} {Shape}";

    private static long[] Contiguous(Shape shape)
    {
        long[] strides = new long[shape.Rank];
        long stride = 1;
        for (int axis = shape.Rank - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= shape[axis];
        }
        return strides;
    }
}
